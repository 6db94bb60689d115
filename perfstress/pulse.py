"""What the last seconds of a run looked like: for the live view, and to tell silence from work."""

from __future__ import annotations

from perfstress.measurement import Interval
from perfstress.units import NS_PER_S

KEPT_NS = 120 * NS_PER_S


class Pulse:
    """What the last seconds looked like, for the live view and for telling silence from work."""

    def __init__(self) -> None:
        self.points: list[tuple[int, int]] = []
        self._latest: list[Interval] = []
        self._p99: float | None = None

    def add(self, at_ns: int, ops: int) -> None:
        """Note the number of operations completed at a moment; two minutes are kept."""
        self.points.append((at_ns, ops))
        while self.points[0][0] < at_ns - KEPT_NS:
            self.points.pop(0)

    def rate(self, window_s: float) -> float:
        """Operations per second over the last ``window_s``."""
        if len(self.points) < 2:
            return 0.0
        at_ns, ops = self.points[-1]
        past = next(
            (point for point in self.points if point[0] >= at_ns - window_s * NS_PER_S),
            self.points[0],
        )
        return (ops - past[1]) / max(1e-9, (at_ns - past[0]) / NS_PER_S) if at_ns > past[0] else 0.0

    def latency(self, interval: Interval) -> None:
        """Note one second of a step."""
        if interval.step is None:
            return
        if self._latest and interval.t_s > self._latest[0].t_s:
            self._p99 = _p99_ms(self._latest)
            self._latest = []
        self._latest.append(interval)

    def p99_ms(self) -> float | None:
        """The 99th percentile of the last whole second's response times, in milliseconds."""
        return self._p99


def _p99_ms(intervals: list[Interval]) -> float | None:
    from perfstress.loadsummary import merged  # delayed: numpy, only once there is load

    p99_ns = merged(intervals, which="response").percentile(99.0)
    return None if p99_ns is None else p99_ns / 1e6
