"""Sequences that come to their edge, on made-up runs."""

from __future__ import annotations

from typing import Any

import pytest

from perfstress.detectors.sequences import detect
from perfstress.run import Run
from tests.support.made_runs import soaked, with_
from tests.support.synthetic import Layout, Truth

INT4 = 2**31 - 1


@pytest.fixture(scope="module")
def flat(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A production rate of 200,000 a day, and a horizon of 30 days."""
    layout = Layout(ops_per_epoch=400, success=("errors.rate < 0.1%",))
    return soaked(tmp_path_factory.mktemp("runs") / "flat", Truth(), layout)


def counting(run: Run, start: int, per_op: float, edge: int = INT4) -> Run:
    """The run with a sequence in the evidence of every floor."""
    ops = {sample.epoch: sample.ops for sample in run.samples if sample.state == "quiescent"}
    evidence: list[dict[str, Any]] = [
        {
            "t_s": 0.0,
            "epoch": epoch,
            "state": "quiescent",
            "probe": "postgres",
            "facts": {
                "sequences": [
                    {
                        "name": "public.orders_id_seq",
                        "last_value": start + per_op * done,
                        "max_value": edge,
                    }
                ]
            },
        }
        for epoch, done in ops.items()
    ]
    return with_(run, evidence=evidence)


def test_a_sequence_near_its_edge_is_told_with_the_time_that_is_left(flat: Run) -> None:
    run = counting(flat, INT4 - 1_000_000, 1.0)
    (told,) = detect(run).findings
    assert (told.kind, told.label, told.fails) == ("counter-wrap", "NEARS_EDGE", False)
    assert told.exhausts_in_s == pytest.approx(5 * 86_400, rel=0.01)
    assert told.limit == INT4
    (failed,) = detect(with_(run, hunts=["counter-wrap"])).findings
    assert failed.fails


@pytest.mark.parametrize(
    ("start", "per_op", "edge"),
    [
        (1, 1.0, INT4),  # years away
        (INT4 - 1_000_000, 0.0, INT4),  # nothing takes of it
        (INT4, 1.0, 2**63 - 1),
    ],
)
def test_one_that_lasts_is_not(flat: Run, start: int, per_op: float, edge: int) -> None:
    assert detect(counting(flat, start, per_op, edge)).findings == ()


def test_without_a_database_nothing_is_said(flat: Run) -> None:
    assert detect(flat).findings == ()
