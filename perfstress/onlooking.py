"""Looks where the threads of a target stand when it falls silent or slow, once for each reason."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from perfstress.criteria import criteria_of
from perfstress.example import WorkedExample
from perfstress.probes.stacks import stacks
from perfstress.proctree import descendants

JOIN_S = 12.0
# For hosts that can tell where memory was allocated.
TRACE = "PERFSTRESS_ALLOCATIONS"

Sink = Callable[[str, Mapping[str, Any]], None]


def traced(example: WorkedExample) -> WorkedExample:
    """The example with its hosted Python function asked where it allocates."""
    if example.target.python is None:
        return example
    target = example.target.model_copy(update={"env": {**example.target.env, TRACE: "1"}})
    return example.model_copy(update={"target": target})


def slow_ms(example: WorkedExample) -> float:
    """The longest response that a criterion allows, in ms; infinite without one."""
    bounds = [
        criterion.value * 1000
        for _, criterion in criteria_of(example.success)
        if criterion.metric[0] in ("response", "service") and criterion.value is not None
    ]
    return min(bounds, default=math.inf)


class Onlooker:
    """Takes stacks in a thread of its own, so that nothing waits for the tools that read them.

    ``roots`` are the target's processes, ``sink(probe, facts)`` files what was seen. A reason is
    looked into once.
    """

    def __init__(self, roots: Callable[[], Sequence[int]], sink: Sink) -> None:
        self._roots = roots
        self._sink = sink
        self._reasons: set[str] = set()
        self._threads: list[threading.Thread] = []

    def look(self, why: str) -> None:
        """Look now, unless this was a reason before."""
        if why in self._reasons:
            return
        self._reasons.add(why)
        thread = threading.Thread(target=self._look, args=(why,), name="onlooker", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _look(self, why: str) -> None:
        facts = stacks(descendants(self._roots()))
        if facts:
            self._sink("stacks", {"why": why, **facts})

    def close(self) -> None:
        """Wait for what is being looked at; the run directory is open until then."""
        for thread in self._threads:
            thread.join(JOIN_S)
