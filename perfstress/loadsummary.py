"""What was sent and how it was answered: intervals added up into the ``load`` of a verdict."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from perfstress.histogram import Histogram
from perfstress.load import Load
from perfstress.measurement import Interval
from perfstress.minutes import Kind
from perfstress.plan import Epoch
from perfstress.verdict import LoadSummary

Which = Kind

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
    mine = Load.of(intervals).of_epochs(work)
    journeys, steps = mine.operations, mine.requests
    begun = int(journeys.fired.sum())
    took_s = seconds if seconds is not None else _seconds(mine, work.values())
    return LoadSummary(
        requests=int(steps.fired.sum()),
        ok=int(steps.ok.sum()),
        errors=steps.errors(),
        dropped=dropped,
        aborted=int(steps.aborted.sum()),
        operations=int(journeys.ended.sum()),
        achieved_rate=begun / took_s if took_s else None,
        intended_rate=_intended_rate(list(work.values())),
        response_ms=_figures(steps.merged("response")),
        service_ms=_figures(steps.merged("service")),
        slip_ms=_figures(steps.merged("slip")),
        phases_ms={
            phase: {
                "count": count,
                "mean": round(total_ns / count / 1e6, 4),
                "max": round(longest_ns / 1e6, 4),
            }
            for phase, (count, total_ns, longest_ns) in steps.phases().items()
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
    load = Load.of(intervals)
    mine = load if epochs is None else load.of_epochs(set(epochs))
    return mine.requests.named(journey, step).merged(which)


def _seconds(load: Load, epochs: Iterable[Epoch]) -> float:
    total = 0.0
    sending = load.where(load.fired > 0)
    for epoch in epochs:
        sent = sending.of_epochs((epoch.index,)).t_s
        if not len(sent):
            continue
        seen_s = float(sent.max() - sent.min() + 1)
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
