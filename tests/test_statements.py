"""Statements of a database between two floors, and the one in which an operation's time passes."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from perfstress.prose import explained
from perfstress.run import Run
from perfstress.statements import service_s, slowest, statements
from perfstress.verdict import Finding
from tests.support.made_runs import soaked, with_
from tests.support.stating import one, stating
from tests.support.synthetic import Layout, Truth

SLOW = "SELECT * FROM orders WHERE customer = $1"
SCAN = ["Seq Scan on orders  (cost=0.00..595.00 rows=200)", "  Filter: (customer = $1)"]


@pytest.fixture(scope="module")
def flat(tmp_path_factory: pytest.TempPathFactory) -> Run:
    layout = Layout(ops_per_epoch=400, success=("errors.rate < 0.1%",))
    folder: Path = tmp_path_factory.mktemp("runs") / "flat"
    return soaked(folder, Truth(), layout)


def test_the_statement_in_which_the_time_passes_is_named_with_its_share(flat: Run) -> None:
    each_s = service_s(flat)
    assert each_s is not None
    slow = one(SLOW, 1) | {"exec_s": 0.5 * each_s}
    run = stating(flat, slow, one("SELECT 1", 3), plan=SCAN)
    told = slowest(run)
    assert told.startswith("50 % of the service time of an operation passes in it")
    assert f"{SLOW} (once), which scans orders from end to end" in told
    finding = Finding("latency-objective", "response.p99", "BREACHED", "too slow")
    (explained_,) = explained(run, [finding])
    assert SLOW in explained_.diagnosis


def test_a_database_that_takes_little_of_it_is_not_to_blame(flat: Run) -> None:
    each_s = service_s(flat) or 0.0
    run = stating(flat, one(SLOW, 1) | {"exec_s": 0.05 * each_s})
    assert slowest(run) == ""
    assert slowest(flat) == ""


def test_a_statement_that_was_there_before_counts_by_what_it_added(flat: Run) -> None:
    run = stating(flat, one(SLOW, 2, 5, 7))
    (told,) = statements(run, "postgres")
    assert (told.calls, told.rows, told.blocks) == pytest.approx((2, 5, 7))


def test_a_list_that_was_cut_says_nothing_of_what_was_not_in_it(flat: Run) -> None:
    """It may have been there, further down, with calls from before the run."""
    run = stating(flat, *[one(f"SELECT {number}", 1) for number in range(200)])
    floors = [entry for entry in run.evidence if entry.get("probe") == "postgres"]
    new = {"queryid": "new", "query": "SELECT x", "calls": 9e9, "rows": 0, "blocks": 0, "exec_s": 1}
    facts = floors[-1]["facts"]
    last = dict(floors[-1]) | {"facts": {**facts, "statements": [*facts["statements"], new]}}
    evidence = [last if entry is floors[-1] else entry for entry in run.evidence]
    found = statements(with_(run, evidence=evidence), "postgres")
    assert "SELECT x" not in {statement.query for statement in found}
    assert len(found) == 200


def test_without_two_floors_there_is_nothing_between(flat: Run) -> None:
    run = dataclasses.replace(flat, evidence=[])
    assert statements(run, "postgres") == []
