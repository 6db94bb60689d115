"""Two commits of a real repository, run in turns."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from perfstress import against
from perfstress.comparing.paired import LEAST_PAIRS
from perfstress.errors import ProvenanceError, UsageError
from perfstress.verdict import Outcome
from perfstress.worktrees import FOLDER
from tests.support.versions import NAME, Versions

pytestmark = pytest.mark.live


def test_a_commit_that_makes_it_five_times_as_slow_fails_and_nothing_is_left(
    tmp_path: Path,
) -> None:
    versions = Versions(tmp_path / "project", ops=1500)
    versions.commit(rounds="300")
    (versions.root / "service" / "prices.py").write_text("not what is compared")
    words = ["replay", "--against", "HEAD~1", "--times", str(LEAST_PAIRS), "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "perfstress", *words],
        cwd=versions.root,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=170,
    )
    assert done.returncode == 1, done.stderr
    [entry] = json.loads(done.stdout)["entries"]
    status = {one["metric"]: one["status"] for one in entry["comparison"]}
    assert status["response.p50"] == "REGRESSED"
    assert status["response.tail"] == "REGRESSED"
    assert "time.per_op" in status
    assert status["fds.growth"] == "SAME"
    assert "response.p50: " in done.stderr
    assert [path.name for path in Path(entry["run"]).parent.iterdir()].count("06-after") == 1
    assert list((versions.root / FOLDER).iterdir()) == []


def test_an_entry_that_the_older_commit_cannot_run_is_judged_by_itself(tmp_path: Path) -> None:
    versions = Versions(tmp_path / "project", ops=500)
    with against.both(versions.root, "HEAD~2") as sides:  # before there was a service
        seen = against.compared(NAME, versions.example, sides, pairs=LEAST_PAIRS)
    assert seen.comparison == ()
    assert seen.not_compared.startswith(f"at {sides.names['before']}: ")
    assert seen.outcome is Outcome.PASS


def test_what_cannot_be_compared_is_refused_before_anything_runs(tmp_path: Path) -> None:
    versions = Versions(tmp_path / "project")
    with (
        pytest.raises(UsageError, match="that is HEAD itself"),
        against.both(versions.root, "main"),
    ):
        pass
    with pytest.raises(ProvenanceError, match="no commit"), against.both(versions.root, "nowhere"):
        pass
    for number in (2, 51):
        with pytest.raises(UsageError, match="not from 3 to 50"):
            against.checked_pairs(number)
