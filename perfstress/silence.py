"""For how long a target has given no good answer to those who waited for one."""

from __future__ import annotations

from perfstress.protocols import Progress
from perfstress.pulse import Pulse
from perfstress.units import NS_PER_S

SILENCE_NS = 10 * NS_PER_S  # at least so long without one good answer before a target hangs
IDLE_NS = 2 * NS_PER_S  # at least so long nobody waits before that is a pause in the load


class Silence:
    """Since when there has been no good answer, from one look to the next; times are those of
    ``clock.now_ns``.

    A moment at which nothing is under way is no pause: attempts that end together by their timeout
    begin again together, and a look may come right between the two, time and again.
    """

    def __init__(self, now_ns: int) -> None:
        self.since_ns = now_ns
        self._ok = self._errors = self._most = 0
        self._failed_ns = now_ns

    def begin(self, progress: Progress, now_ns: int) -> None:
        """From now on, whatever was before."""
        self.since_ns, self._ok, self._most = now_ns, progress.ok, 0

    def for_ns(self, now_ns: int) -> int:
        """How long it has lasted."""
        return now_ns - self.since_ns

    def is_hang(self, progress: Progress, pulse: Pulse, timeout_ns: int, now_ns: int) -> bool:
        """No good answer for long, and none but timeouts: waiting on would not end it."""
        if progress.errors != self._errors:
            self._errors, self._failed_ns = progress.errors, now_ns
        is_paused = now_ns - self._failed_ns > max(IDLE_NS, 3 * timeout_ns // 2)
        if progress.ok > self._ok or (not progress.in_flight and is_paused):
            self.begin(progress, now_ns)
            return False
        self._most = max(self._most, progress.in_flight)
        # By Little's law, attempts that end only by their timeout come at in_flight / timeout a
        # second.
        silent_ns = self.for_ns(now_ns)
        only_timeouts_hz = max(1, self._most) / max(1e-9, timeout_ns / NS_PER_S)
        return (
            silent_ns > max(SILENCE_NS, 2 * timeout_ns)
            and pulse.rate(silent_ns / NS_PER_S) <= 2 * only_timeouts_hz
        )
