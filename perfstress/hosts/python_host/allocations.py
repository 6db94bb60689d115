"""Which lines allocated what is still held: tracemalloc, between two quiet moments."""

from __future__ import annotations

import gc
import linecache
import os
import tracemalloc
from typing import Any

FRAMES = 6  # of each allocation: the line itself is often in a library, its caller is not
TOLD = 10
# What the target stands on, in place of its own code.
_FOREIGN = ("/lib/python3", "/lib64/python3", "site-packages", "dist-packages", "<frozen")
_HERE = os.path.dirname(os.path.abspath(__file__))


class Allocations:
    """Compares what is allocated with what was at the second quiet moment: the first is before any
    call, and what only happens once has happened by the second.
    """

    def __init__(self) -> None:
        tracemalloc.start(FRAMES)
        self.first: tracemalloc.Snapshot | None = None
        self.moments = 0

    def tell(self) -> dict[str, Any] | None:
        """The lines whose allocations grew most since; None while there is nothing to compare."""
        self.moments += 1
        if self.moments < 2:
            return None
        gc.collect()
        now = tracemalloc.take_snapshot().filter_traces(
            [
                tracemalloc.Filter(False, tracemalloc.__file__),
                tracemalloc.Filter(False, _HERE + "/*"),
            ]
        )
        if self.first is None:
            self.first = now
            return None
        sites: dict[str, dict[str, Any]] = {}
        for one in now.compare_to(self.first, "traceback"):
            if one.size_diff <= 0:
                continue
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
            site["bytes"] += one.size_diff
            site["count"] += one.count_diff
        told = sorted(sites.values(), key=lambda site: -site["bytes"])[:TOLD]
        return {"sites": told} if told else None


def _own(trace: tracemalloc.Traceback) -> tracemalloc.Frame:
    """The innermost line that is the target's own, else the innermost of all."""
    inner_first = list(trace)[::-1]
    for frame in inner_first:
        if not any(part in frame.filename for part in _FOREIGN) and _HERE not in frame.filename:
            return frame
    return inner_first[0]
