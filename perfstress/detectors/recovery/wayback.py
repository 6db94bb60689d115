"""How long the way back was: window by window, against the band of what was before."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from perfstress.detectors.recovery.spans import Span
from perfstress.detectors.recovery.windows import WINDOW_S, Window, windows
from perfstress.run import Run
from perfstress.units import human_count, human_duration

# The band: what the time before reached in its windows, and this much more.
BAND_RATIO = 1.5
BAND_S = 0.010
BAND_ERRORS = 0.01
# One good window may be chance: so many in a row count as being back, or all that are left.
HOLDS = 3
# Who is stuck does not get better: the last third of the windows has at least this share of how bad
# the first third was.
NO_BETTER = 0.8
# What is called metastable without that: the time that the method's source gives it.
METASTABLE_RATIO, METASTABLE_S = 5.0, 120.0


@dataclass(frozen=True, slots=True)
class Part:
    """One of the things that have to come back: its value ``before``, at its ``worst`` since the
    disturbance began and at the ``end``, as text; ``seconds`` until it was back, None when it was
    not.
    """

    name: str
    before: str
    worst: str
    end: str
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Recovery:
    """``seconds`` from the end of the disturbance until everything was back in the band; None when
    it never came back within the ``watched_s`` that were recorded. ``worst`` says what was out of
    the band at the end; ``is_stuck`` that it did not get better either, under a load that was
    carried before. ``parts`` tell each thing for itself.
    """

    seconds: float | None
    watched_s: float
    worst: str = ""
    is_stuck: bool = False
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class _Band:
    """What counts as being as before."""

    p99_s: float
    errors: float
    in_flight: float

    def has_latency(self, window: Window) -> bool:
        return window.p99_s is not None and window.p99_s <= self.p99_s

    def has_errors(self, window: Window) -> bool:
        return window.errors <= self.errors

    def has_queue(self, window: Window) -> bool:
        return window.in_flight <= self.in_flight

    def has(self, window: Window) -> bool:
        return self.has_latency(window) and self.has_errors(window) and self.has_queue(window)

    def distance(self, window: Window) -> float:
        """How far out of the band, as the largest ratio to its edges."""
        late = math.inf if window.p99_s is None else window.p99_s / self.p99_s
        return max(late, window.errors / self.errors, window.in_flight / self.in_flight)


def way_back(run: Run, span: Span) -> Recovery | None:
    """How the load came back behind a span; None when nothing was measured before or after it."""
    before = windows(run, *span.before)
    after = windows(run, span.ended_s, span.until_s)
    if not before or not after:
        return None
    band = _band(before, span)
    watched_s = max(0.0, after[-1].start_s + WINDOW_S - span.ended_s)
    during = windows(run, span.began_s, span.until_s)
    parts = (
        _part("latency", before, during, after, _latency, band.has_latency, span),
        _part("errors", before, during, after, _errors, band.has_errors, span),
        _part("queue", before, during, after, _queue, band.has_queue, span),
    )
    back = _back(after, band.has)
    if back is not None:
        return Recovery(max(0.0, round(back - span.ended_s, 1)), watched_s, parts=parts)
    needed_s = max(METASTABLE_RATIO * (span.ended_s - span.began_s), METASTABLE_S)
    stuck = span.is_healthy_load and (watched_s >= needed_s or _is_no_better(after, band))
    return Recovery(None, watched_s, _out_of_band(after[-1], band), stuck, parts)


def _band(before: Sequence[Window], span: Span) -> _Band:
    highest_s = BAND_RATIO * max((w.p99_s for w in before if w.p99_s), default=math.inf) + BAND_S
    # What is under way follows from the rate: no more than before, each operation now
    # taking as long as the band allows.
    due = span.after_level * highest_s if span.model == "open" and highest_s < math.inf else 0.0
    return _Band(
        highest_s,
        max(window.errors for window in before) + BAND_ERRORS,
        2 * max(window.in_flight for window in before) + due + 5,
    )


def _back(after: Sequence[Window], is_within: Callable[[Window], bool]) -> int | None:
    """The start of the first window from which on things hold; None when they never do, or when
    they are lost again at the end.
    """
    within = [is_within(window) for window in after]
    if not any(within[-HOLDS:]):
        return None
    for number, window in enumerate(after):
        if all(within[number : number + HOLDS]):
            return window.start_s
    return None


def _is_no_better(after: Sequence[Window], band: _Band) -> bool:
    third = max(1, len(after) // 3)
    first = min(band.distance(window) for window in after[:third])
    last = min(band.distance(window) for window in after[-third:])
    return last >= NO_BETTER * first


def _out_of_band(window: Window, band: _Band) -> str:
    if window.p99_s is None:
        return "at the end nothing was answered"
    if not band.has_errors(window):
        return f"at the end {100 * window.errors:.3g} % of the attempts failed"
    if not band.has_latency(window):
        return (
            f"p99 of the response time was {human_duration(window.p99_s)} at the end, "
            f"at most {human_duration(band.p99_s)} counts as recovered"
        )
    if not band.has_queue(window):
        return (
            f"{window.in_flight} operations were under way at the end, "
            f"at most {band.in_flight:.0f} count"
        )
    return "it came and went"


# ---------------------------------------------------------------- each thing for itself
def _latency(window: Window) -> float:
    return math.inf if window.p99_s is None else window.p99_s


def _errors(window: Window) -> float:
    return window.errors


def _queue(window: Window) -> float:
    return float(window.in_flight)


def _part(
    name: str,
    before: Sequence[Window],
    during: Sequence[Window],
    after: Sequence[Window],
    value: Callable[[Window], float],
    is_within: Callable[[Window], bool],
    span: Span,
) -> Part:
    back = _back(after, is_within)
    return Part(
        name=name,
        before=_said(name, max(value(window) for window in before)),
        worst=_said(name, max(value(window) for window in (*during, *after))),
        end=_said(name, value(after[-1])),
        seconds=None if back is None else max(0.0, round(back - span.ended_s, 1)),
    )


def _said(name: str, value: float) -> str:
    if name == "latency":
        return "no answer" if math.isinf(value) else f"p99 {human_duration(value)}"
    return f"{100 * value:.3g} %" if name == "errors" else f"{human_count(value)} under way"
