"""When a probe of a service reads again: not before its share of a core allows, and after failures
ever less often.
"""

from __future__ import annotations

import time

LONGEST_WAIT_S = 10.0
# A grid of one second is not to be missed by a hair.
EARLY_S = 0.2


class Pace:
    """Keeps one probe's readings to ``share`` of the time that they cost; dear readings are always
    due, because a floor waits for them.
    """

    def __init__(self, share: float) -> None:
        self._share = share
        self._again_at = 0.0
        self._wait_s = 1.0

    def due(self, dear: bool) -> bool:
        """Whether it is time."""
        return dear or time.monotonic() >= self._again_at

    def read(self, cost_s: float) -> None:
        """A reading went well and took this long."""
        self._wait_s = 1.0
        self._again_at = time.monotonic() + cost_s / self._share - EARLY_S

    def failed(self) -> None:
        """A reading failed: a service that stands still is not asked each second."""
        self._again_at = time.monotonic() + self._wait_s
        self._wait_s = min(2 * self._wait_s, LONGEST_WAIT_S)
