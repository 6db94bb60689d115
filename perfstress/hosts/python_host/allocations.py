"""Which lines allocated what is still held: tracemalloc, for a stretch of the run."""

from __future__ import annotations

import gc
import linecache
import os
import threading
import tracemalloc
from typing import Any

from .timing import clock

FRAMES = 6  # of each allocation: the line itself is often in a library, its caller is not
TOLD = 10
# Tracing makes a call that does little else than allocate take twenty times as long.
LONGEST_NS = 15_000_000_000
# What the target stands on, in place of its own code.
_FOREIGN = ("/lib/python3", "/lib64/python3", "site-packages", "dist-packages", "<frozen")
_HERE = os.path.dirname(os.path.abspath(__file__))


class Allocations:
    """Traces from the second quiet moment to the third, or for as long as may be: the first moment
    is before any call, and what only happens once has happened by the second. What was allocated
    since and is still held at the end is what grows. The rest of the run is as fast as ever, and
    its floors are free of what tracing keeps for itself.
    """

    def __init__(self) -> None:
        self.moments = 0
        self.until_ns = 0  # of the tracing that is on; 0 while it is off
        self.found: dict[str, Any] | None = None
        self.lock = threading.Lock()  # calls are looked after in one thread, moments in another

    def tell(self) -> dict[str, Any] | None:
        """At a quiet moment: the lines that hold most, once; None while nothing is known."""
        self.moments += 1
        if self.moments == 2:
            tracemalloc.start(FRAMES)
            self.until_ns = clock() + LONGEST_NS
            return None
        self._end()
        found, self.found = self.found, None
        return found

    def look(self) -> None:
        """While calls are made: end the tracing that has lasted long enough."""
        if self.until_ns and clock() > self.until_ns:
            self._end()

    def _end(self) -> None:
        with self.lock:
            if self.until_ns:
                self.until_ns = 0
                self._compare()

    def _compare(self) -> None:
        gc.collect()
        held = tracemalloc.take_snapshot()
        tracemalloc.stop()
        held = held.filter_traces(
            [
                tracemalloc.Filter(False, tracemalloc.__file__),
                tracemalloc.Filter(False, _HERE + "/*"),
            ]
        )
        sites: dict[str, dict[str, Any]] = {}
        for one in held.statistics("traceback"):
            frame = _own(one.traceback)
            where = f"{os.path.basename(frame.filename)}:{frame.lineno}"
            site = sites.setdefault(
                where,
                {
                    "where": where,
                    "file": frame.filename,
                    "code": linecache.getline(frame.filename, frame.lineno).strip()[:120],
                    "bytes": 0,
                    "count": 0,
                },
            )
            site["bytes"] += one.size
            site["count"] += one.count
        told = sorted(sites.values(), key=lambda site: -site["bytes"])[:TOLD]
        self.found = {"sites": told} if told else None


def _own(trace: tracemalloc.Traceback) -> tracemalloc.Frame:
    """The innermost line that is the target's own, else the innermost of all."""
    inner_first = list(trace)[::-1]
    for frame in inner_first:
        if not any(part in frame.filename for part in _FOREIGN) and _HERE not in frame.filename:
            return frame
    return inner_first[0]
