"""From what was seen at a commit to its mark."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from perfstress.bisecting.probe import Probe
from perfstress.bisecting.trial import ByMetric, _failed
from perfstress.comparing.compared import Compared
from perfstress.comparing.metrics import metric_named
from perfstress.verdict import Outcome, Verdict
from tests.support.verdicts import DESCRIPTORS, MEMORY

FAILED = Verdict(Outcome.FAIL, "work", "run", findings=(MEMORY, DESCRIPTORS))


def test_a_fail_like_that_of_the_bad_end_is_bad() -> None:
    seen = _failed(FAILED, [("fd-growth", "fds"), ("memory-growth", "memory")])
    assert (seen.mark, seen.why) == ("bad", DESCRIPTORS.summary)
    assert seen.keys == (("fd-growth", "fds"),)
    assert seen.findings == (DESCRIPTORS.summary,)


def test_of_the_bad_end_itself_whatever_fails_is_bad() -> None:
    assert _failed(FAILED, []).mark == "bad"


@pytest.mark.parametrize("wanted", [("fd-growth", "fds.socket"), ("memory-growth", "memory")])
def test_a_fail_of_another_kind_is_skipped(wanted: tuple[str, str]) -> None:
    """What is told and does not fail is not what the bad end was failed for."""
    seen = _failed(FAILED, [wanted])
    assert seen.mark == "skip"
    assert "otherwise than the bad end" in seen.why


def by(metric: str, worse_than: float, probe: Probe) -> ByMetric:
    return ByMetric(probe, "a" * 40, metric, worse_than, 6)


@pytest.mark.parametrize(
    ("metric", "status", "effect", "interval", "mark"),
    [
        ("response.p50", "REGRESSED", 0.15, (0.12, 0.18), "bad"),
        ("response.p50", "REGRESSED", 0.08, (0.06, 0.12), "skip"),
        ("response.p50", "REGRESSED", 0.07, (0.06, 0.08), "good"),
        ("response.p50", "SAME", 0.01, (-0.02, 0.04), "good"),
        ("response.p50", "SAME", -0.3, (-0.4, -0.2), "good"),
        ("response.p50", "UNKNOWN", 0.02, (-0.2, 0.3), "skip"),
        ("response.p50", "UNKNOWN", 0.15, (0.05, 0.25), "skip"),
        ("response.p50", "UNKNOWN", None, None, "skip"),
        ("throughput", "REGRESSED", -0.15, (-0.18, -0.12), "bad"),
        ("throughput", "SAME", 0.15, (0.12, 0.18), "good"),
        ("throughput", "UNKNOWN", -0.05, (-0.12, 0.02), "skip"),
    ],
)
def test_a_metric_is_worse_by_so_much_or_not_or_it_cannot_be_told(
    metric: str, status: str, effect: float | None, interval: tuple[float, float] | None, mark: str
) -> None:
    probe = Probe(Path(), Path(), None, "")  # type: ignore[arg-type]
    seen = Compared(metric_named(metric), "SAME", effect=effect, interval=interval)
    seen = dataclasses.replace(seen, status=status)  # type: ignore[arg-type]
    assert by(metric, 0.10, probe)._marked(seen)[0] == mark
