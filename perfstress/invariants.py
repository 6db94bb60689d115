"""Asks whether what the target has done agrees with what the generator counted: before the load,
during it and when all is over.

During the load an answer is of some moment while it was under way. So the counts from before it was
asked for and from after it had come are kept: what was counted at that moment lies between them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from perfstress.clock import now_ns
from perfstress.example import Invariant, InvariantCriterion, WorkedExample
from perfstress.plan import journey_mix
from perfstress.protocols import Progress
from perfstress.units import NS_PER_S
from perfstress.witnesses import State, Witnesses

When = Literal["before", "during", "floor", "after"]

# During the load each invariant is asked this often.
EVERY_NS = 2 * NS_PER_S


@dataclass(slots=True)
class _Asking:
    """One time that the invariants were asked under load; ``done_ns`` is when all answers were
    there.
    """

    counts: Mapping[str, int]
    found: list[dict[str, Any]] = field(default_factory=list)
    done_ns: int | None = None
    thread: threading.Thread | None = None


class Invariants:
    """The invariants of one run; ``tell`` writes an event of these facts."""

    def __init__(
        self,
        example: WorkedExample,
        witnesses: Witnesses,
        state: State,
        tell: Callable[..., None],
    ) -> None:
        lines = [line for line in example.success if isinstance(line, InvariantCriterion)]
        self._all = [line.invariant for line in lines]
        self._during = [one for one in self._all if "during" in one.when]
        self._witnesses = witnesses
        self._state = state
        self._tell = tell
        self._zero = {
            f"{kind}.{name}": 0
            for name in journey_mix(example)
            for kind in ("fired", "ok", "errors", "aborted")
        }
        self._asking: _Asking | None = None
        self._next_ns = 0

    def ask(self, when: When, counts: Mapping[str, int], **more: int) -> None:
        """Ask now, in quiet, those that are to be asked then."""
        for invariant in self._all:
            if when == "floor" or when in invariant.when:
                facts = self._ask(invariant)
                self._tell("invariant", when=when, **more, **facts, counts={**self._zero, **counts})

    def watch(self, progress: Progress, epoch: int) -> None:
        """Called again and again under load: ask when it is time, and tell what has been settled by
        ``progress``, the last that was heard.
        """
        asking = self._asking
        if asking is not None:
            if asking.done_ns is not None and progress.at_ns >= asking.done_ns:
                self._told(asking, progress.counts, epoch)
            return
        at_ns = now_ns()
        if self._during and at_ns >= self._next_ns and progress.at_ns:
            self._next_ns = at_ns + EVERY_NS
            self._begin(progress.counts)

    def settle(self, progress: Progress, epoch: int) -> None:
        """The load is over and nothing is under way: tell what was still being asked."""
        asking = self._asking
        if asking is not None:
            if asking.thread is not None:
                asking.thread.join()
            self._told(asking, progress.counts, epoch)

    # ------------------------------------------------------------ how
    def _begin(self, counts: Mapping[str, int]) -> None:
        self._asking = asking = _Asking(counts)
        if any(one.get is None and one.sql is None for one in self._during):
            # what a function said a moment ago: no answer is under way
            asking.counts = self._state.counts
        asking.thread = threading.Thread(
            target=self._carry_out, args=(asking,), name="invariants", daemon=True
        )
        asking.thread.start()

    def _carry_out(self, asking: _Asking) -> None:
        for invariant in self._during:
            asking.found.append(self._ask(invariant))
        asking.done_ns = now_ns()

    def _told(self, asking: _Asking, upto: Mapping[str, int], epoch: int) -> None:
        self._asking = None
        for facts in asking.found:
            counts, later = {**self._zero, **asking.counts}, {**self._zero, **upto}
            self._tell("invariant", when="during", epoch=epoch, **facts, counts=counts, upto=later)

    def _ask(self, invariant: Invariant) -> dict[str, Any]:
        answer, problem = self._witnesses.ask(invariant, self._state.values)
        return {
            "get": invariant.get or invariant.sql or "state",
            "that": invariant.that,
            "answer": answer,
            "problem": problem,
        }
