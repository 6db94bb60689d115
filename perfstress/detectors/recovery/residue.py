"""What a disturbance has left behind in the target: memory and descriptors, before and after."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass

from perfstress.detectors.recovery.spans import Span
from perfstress.run import Run
from perfstress.units import human_bytes, human_count

# As much above the level before counts as having come back: a share of it, and an amount.
BACK_SHARE = 0.10
BACK_BYTES = 8 * 2**20
BACK_COUNT = 5
# The level after is that of the end of what was recorded.
LAST_SHARE = 1 / 3


@dataclass(frozen=True, slots=True)
class Left:
    """One resource: medians before and at the end, the highest value between, in its own unit."""

    noun: str
    before: float
    highest: float
    end: float
    is_back: bool
    said: Callable[[float], str]

    def __str__(self) -> str:
        say = self.said
        if self.is_back and self.highest <= self.before:
            return f"{self.noun} stayed at {say(self.before)}"
        if self.is_back:
            return f"{self.noun} came back to {say(self.end)} (at most {say(self.highest)})"
        more = self.end - self.before
        return (
            f"{self.noun} did not come back: {say(self.before)} before, {say(self.highest)} at "
            f"most, {say(self.end)} at the end, {say(more)} more"
        )


def residue(run: Run, span: Span) -> list[Left]:
    """Memory and descriptors behind a span; empty where they were not read on both sides.

    Under load, not at rest: the levels before and behind are those of an ordinary load.
    """
    found = []
    for name, noun, slack, said in (
        ("memory", "memory", BACK_BYTES, human_bytes),
        ("fds", "descriptors (connections aside)", BACK_COUNT, human_count),
        ("threads", "threads", BACK_COUNT, human_count),
    ):
        before = _readings(run, name, *span.before)
        last_s = span.until_s - LAST_SHARE * (span.until_s - span.ended_s)
        end = _readings(run, name, last_s, span.until_s)
        between = _readings(run, name, span.began_s, span.until_s)
        if not before or not end or not between:
            continue
        was, now = statistics.median(before), statistics.median(end)
        back = now <= was * (1 + BACK_SHARE) + slack
        found.append(Left(noun, was, max(between), now, back, said))
    return found


def _readings(run: Run, name: str, from_s: float, until_s: float) -> list[float]:
    """Connections are left out of the descriptors: an idle one is kept open by who called."""
    found = []
    for sample in run.samples:
        value = sample.values.get(name)
        if value is None or not from_s <= sample.t_s <= until_s:
            continue
        aside = (sample.values.get("connections") or 0.0) if name == "fds" else 0.0
        found.append(max(0.0, value - aside))
    return found
