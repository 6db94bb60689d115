"""Each judged run goes into the history of its project; what is wrong there harms no verdict."""

from __future__ import annotations

import json

import pytest

from tests.support.project import Project

pytestmark = pytest.mark.live


def test_a_run_is_in_the_history_and_a_broken_history_harms_none(project: Project) -> None:
    project.git("init", "-q")
    code, verdict = project.verdict()
    assert code == 0, verdict["reasons"]
    told = json.loads(project.perfstress("history", "shop", "--json").stdout)
    latest = told["replays"][-1]
    assert (latest["verdict"], latest["seconds"] > 0) == ("PASS", True)
    assert latest["metrics"]["response.p50"] == verdict["load"]["response_ms"]["p50"]
    assert latest["metrics"]["memory.max"] > 2**20
    assert latest["run"].startswith(".perfstress/runs/shop/")
    store = project.root / ".perfstress" / "history.db"
    store.write_text("this is no database, and it is long enough to be told from an empty file")
    code, _, err = project.discover()
    assert code in (0, 125), err
    assert err.count("not in the history") == 1
    runs = len(list((project.root / ".perfstress" / "runs" / "shop").iterdir()))
    rebuilt = project.perfstress("history", "--rebuild", "--json")
    assert json.loads(rebuilt.stdout)["read"] == runs
    assert project.perfstress("history").stdout.startswith("shop")
