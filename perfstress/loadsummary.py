"""What was sent and how it was answered: intervals added up into the ``load`` of a verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal

from perfstress.histogram import Histogram
from perfstress.histogram import merged as merged_blobs
from perfstress.measurement import Interval, phases_of
from perfstress.plan import Epoch
from perfstress.verdict import LoadSummary

Which = Literal["response", "service", "slip", "first_byte"]

SHARES = {"p50": 50.0, "p90": 90.0, "p99": 99.0, "p99_9": 99.9}


def summarise(
    intervals: Iterable[Interval],
    epochs: Sequence[Epoch],
    *,
    seconds: float | None = None,
    dropped: int = 0,
) -> LoadSummary:
    """The load of the epochs that do work; warm-up and idle are left out.

    ``seconds`` is how long those epochs took together; without it, it is taken from durations and,
    where an epoch is bounded by its work, from the seconds in which something was sent.
    ``dropped`` arrivals were due and never sent. Rates are operations (journeys) a second: the
    achieved one counts those begun, the intended one those due, None in the closed model.
    """
    work = {epoch.index: epoch for epoch in epochs if epoch.kind == "work"}
    mine = [interval for interval in intervals if interval.epoch in work]
    journeys, steps = _split(mine)
    errors: Counter[str] = Counter()
    for interval in steps:
        errors.update(interval.errors)
    begun = sum(interval.fired for interval in journeys)
    took_s = seconds if seconds is not None else _seconds(mine, work.values())
    return LoadSummary(
        requests=sum(interval.fired for interval in steps),
        ok=sum(interval.ok for interval in steps),
        errors=dict(errors),
        dropped=dropped,
        aborted=sum(interval.aborted for interval in steps),
        operations=sum(interval.ended for interval in journeys),
        achieved_rate=begun / took_s if took_s else None,
        intended_rate=_intended_rate(list(work.values())),
        response_ms=_figures(merged_blobs(interval.response for interval in steps)),
        service_ms=_figures(merged_blobs(interval.service for interval in steps)),
        slip_ms=_figures(merged_blobs(interval.slip for interval in steps)),
        phases_ms={
            phase: {
                "count": count,
                "mean": round(total_ns / count / 1e6, 4),
                "max": round(longest_ns / 1e6, 4),
            }
            for phase, (count, total_ns, longest_ns) in phases_of(steps).items()
        },
    )


def merged(
    intervals: Iterable[Interval],
    *,
    which: Which = "response",
    journey: str | None = None,
    step: str | None = None,
    epochs: Iterable[int] | None = None,
) -> Histogram:
    """All latencies of one kind in one histogram: of a journey, a step, some epochs, or of all."""
    wanted = None if epochs is None else frozenset(epochs)
    _, steps = _split(
        interval for interval in intervals if wanted is None or interval.epoch in wanted
    )
    return merged_blobs(
        getattr(interval, which)
        for interval in steps
        if (journey is None or interval.journey == journey)
        and (step is None or interval.step == step)
    )


def _split(intervals: Iterable[Interval]) -> tuple[list[Interval], list[Interval]]:
    """The records of whole journeys, and those of requests. A workload whose operations are single
    calls has only the first; they are then the requests too.
    """
    journeys: list[Interval] = []
    steps: list[Interval] = []
    for interval in intervals:
        (journeys if interval.step is None else steps).append(interval)
    with_steps = {interval.journey for interval in steps}
    steps += [interval for interval in journeys if interval.journey not in with_steps]
    with_records = {interval.journey for interval in journeys}
    journeys += [interval for interval in steps if interval.journey not in with_records]
    return journeys, steps


def _seconds(intervals: Sequence[Interval], epochs: Iterable[Epoch]) -> float:
    total = 0.0
    for epoch in epochs:
        sent = [i.t_s for i in intervals if i.epoch == epoch.index and i.fired]
        if not sent:
            continue
        seen_s = float(max(sent) - min(sent) + 1)
        if epoch.duration_ns is not None and epoch.ops is None:
            total += min(seen_s, epoch.duration_ns / 1e9)
        else:
            total += seen_s
    return total


def _intended_rate(work: Sequence[Epoch]) -> float | None:
    """The mean rate over epochs of the open model, each weighed by how long it should take."""
    ops = seconds = 0.0
    for epoch in work:
        mean_hz = (epoch.start_level + epoch.end_level) / 2 + sum(epoch.own.values())
        if epoch.model != "open" or mean_hz <= 0:
            return None
        bounds = [] if epoch.duration_ns is None else [epoch.duration_ns / 1e9]
        bounds += [] if epoch.ops is None else [epoch.ops / mean_hz]
        seconds += min(bounds)
        ops += min(bounds) * mean_hz
    return ops / seconds if seconds else None


def _figures(histogram: Histogram) -> dict[str, float | None]:
    """p50 p90 p99 p99_9 max in ms, None where nothing was measured."""
    values = [*histogram.percentiles(SHARES.values()), histogram.max_ns]
    names = [*SHARES, "max"]
    return {
        name: None if value is None else round(value / 1e6, 4)
        for name, value in zip(names, values, strict=True)
    }
