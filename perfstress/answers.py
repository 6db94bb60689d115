"""A latency spike told apart from a loss of throughput: answers that come late, or not at all."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from perfstress.run import Run
from perfstress.units import human_duration

# All answers came when so many of what was sent were answered well in the end.
ALL = 0.99
# Answers are late when p99 is so many times what it was, and by so much at least.
LATE_RATIO = 2.0
LATE_S = 0.050


@dataclass(frozen=True, slots=True)
class Answers:
    """``kept``: the share of what was sent that was answered well in the end; ``p99_s`` and the one
    ``before_s``, None where nothing was answered.
    """

    kept: float
    p99_s: float | None
    before_s: float | None

    @property
    def is_late(self) -> bool:
        """Whether answers took clearly longer than before."""
        if self.p99_s is None or self.before_s is None:
            return False
        return self.p99_s >= max(LATE_RATIO * self.before_s, self.before_s + LATE_S)

    def __str__(self) -> str:
        """One sentence."""
        rise = ""
        if self.is_late and self.p99_s is not None and self.before_s is not None:
            was, now = human_duration(self.before_s), human_duration(self.p99_s)
            rise = f"p99 rose from {was} to {now}"
        kept = f"{100 * self.kept:.4g} % of what was sent was answered well"
        if self.kept < ALL:
            return f"throughput was lost: {kept}" + (f", and {rise}" if rise else "")
        if rise:
            return f"answers came late, but they came: {rise}, {kept}"
        return f"neither throughput nor latency suffered: {kept}"


def answers_in(run: Run, epochs: Collection[int], before: Collection[int]) -> Answers | None:
    """What became of what was sent in these epochs, however late; None when nothing was sent."""
    inside, earlier = run.load.of_epochs(epochs), run.load.of_epochs(before)
    counted = inside.journeys
    fired, ok = int(counted.fired.sum()), int(counted.ok.sum())
    if not fired:
        return None
    p99_ns, before_ns = (
        those.requests.merged("response").percentile(99.0) for those in (inside, earlier)
    )
    return Answers(
        min(1.0, ok / fired),
        None if p99_ns is None else p99_ns / 1e9,
        None if before_ns is None else before_ns / 1e9,
    )
