"""Which runs can be shrunk, and what is said of the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfstress.errors import UsageError
from perfstress.judge import judge
from perfstress.shrinking import Wanted, wanted
from tests.support.made_runs import soaked, with_
from tests.support.synthetic import Layout, Truth

HERE = str(Path(__file__))


def test_the_finding_that_fails_the_run_is_wanted(tmp_path: Path) -> None:
    run = with_(
        soaked(tmp_path / "run", Truth(dies_after_ops=6000), Layout(ops_per_epoch=4000)),
        manifest={"example_path": HERE},
    )
    found = wanted(run, judge(run))
    assert found.kind == "crash"
    assert found == wanted(run, judge(run), "crash")
    assert found.is_in(judge(run))
    assert not Wanted("fd-growth", "fds").is_in(judge(run))
    with pytest.raises(UsageError, match="no such finding") as refused:
        wanted(run, judge(run), "knee")
    assert refused.value.slug == "no-finding"
    assert "crash" in refused.value.hint


def test_every_reason_against_it_is_told_at_once(tmp_path: Path) -> None:
    run = with_(
        soaked(tmp_path / "run"),
        manifest={
            "example_path": str(tmp_path / "gone.yaml"),
            "scale": 0.5,
            "planted": {"memory": 1.0},
            "confirms": "another",
        },
    )
    with pytest.raises(UsageError) as refused:
        wanted(run, judge(run))
    assert refused.value.slug == "not-shrinkable"
    for word in ("only a FAIL", "reduced to 0.5", "planted", "another", "is gone"):
        assert word in refused.value.message
