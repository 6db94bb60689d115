"""What probes described at the floors of a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfstress.described import floors, floors_of_work, listed, number, probes_of
from perfstress.run import Run
from tests.support.made_runs import soaked
from tests.support.stating import one, sending, stating
from tests.support.synthetic import Layout, Truth


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Run:
    layout = Layout(ops_per_epoch=400, success=("errors.rate < 0.1%",))
    folder: Path = tmp_path_factory.mktemp("runs") / "flat"
    run = stating(soaked(folder, Truth(), layout), one("SELECT 1", 1))
    return sending(sending(run, get=float), "redis cache", get=float)


def test_the_probes_of_a_kind_are_known_by_its_word(described: Run) -> None:
    assert probes_of(described, "redis") == ["redis", "redis cache"]
    assert probes_of(described, "postgres") == ["postgres"]
    assert probes_of(described, "red") == []


def test_floors_have_the_operations_that_were_completed(described: Run) -> None:
    told = floors(described, "redis")
    assert [number(listed(facts, "commands")[0], "calls") for _, facts in told] == [
        7 + ops for ops, _ in told
    ]
    assert floors(described, "redis other") == []


def test_floors_of_work_have_work_between_them(described: Run) -> None:
    """The one behind an idle epoch is left out."""
    ops = [done for done, _ in floors_of_work(described, "redis")]
    assert ops == sorted(set(ops))
    assert len(ops) < len(floors(described, "redis"))


def test_what_is_not_there_is_nothing() -> None:
    assert listed({}, "commands") == ()
    assert listed({"commands": 3}, "commands") == ()
    assert number({"calls": None}, "calls") == 0.0
