"""The stretch of time that a system has to come back from, with what was before and after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from perfstress.plan import Epoch
from perfstress.run import Run


@dataclass(frozen=True, slots=True)
class Span:
    """Times in seconds from the run's zero.

    ``before`` is what it has to be like again, ``began_s`` and ``ended_s`` bound the disturbance,
    ``until_s`` is the end of what was recorded behind it. ``before_level`` and ``after_level`` are
    the highest levels (1/s or users) of the load before and after.
    """

    name: str
    before: tuple[float, float]
    began_s: float
    ended_s: float
    until_s: float
    before_level: float
    after_level: float
    model: str = "open"

    @property
    def is_healthy_load(self) -> bool:
        """Whether the load behind is no more than the one that it carried before."""
        return self.after_level <= 1.05 * self.before_level


def span_after_stage(run: Run, stage: str) -> Span | None:
    """The span of a stage (of a climb or of steps: of all their levels); None when there is nothing
    before or after it, or it was not carried out.
    """
    began, ended = _times(run, "epoch-began"), _times(run, "epoch-ended")
    epochs = [e for e in run.manifest.epochs if e.kind != "idle" and e.index in began]
    at = [number for number, epoch in enumerate(epochs) if stage in (epoch.stage, epoch.part_of)]
    if not at or at[0] == 0 or at[-1] + 1 >= len(epochs):
        return None
    before, first, last, after = (
        epochs[at[0] - 1],
        epochs[at[0]],
        epochs[at[-1]],
        epochs[at[-1] + 1 :],
    )
    if before.index not in ended or last.index not in ended:
        return None
    return Span(
        name=stage,
        before=(began[before.index], ended[before.index]),
        began_s=began[first.index],
        ended_s=ended[last.index],
        until_s=_recorded_until(run, after, ended),
        before_level=_top([before]),
        after_level=_top(after),
        model=first.model,
    )


def _times(run: Run, name: str) -> dict[int, float]:
    return {int(e.facts.get("epoch", -1)): e.t_s for e in run.events_named(name)}


def _recorded_until(run: Run, epochs: Sequence[Epoch], ended: dict[int, float]) -> float:
    """The end of the last of these epochs; of one that was torn off, the last second recorded."""
    if epochs[-1].index in ended:
        return ended[epochs[-1].index]
    seconds = run.load.of_epochs({epoch.index for epoch in epochs}).t_s
    return float(seconds[-1]) + 1.0 if len(seconds) else 0.0


def _top(epochs: Sequence[Epoch]) -> float:
    return max((max(e.start_level, e.end_level) + sum(e.own.values()) for e in epochs), default=0.0)
