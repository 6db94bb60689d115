"""When each fault begins and ends: kept to beside the load, and undone whatever happens.

``fault-began`` and ``fault-ended`` go into the run's events; what cannot be made is
``fault-failed``. A fault that is under way when the load is over, or when the run is cut short, is
ended first of all.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from perfstress.clock import now_ns
from perfstress.errors import PerfstressError
from perfstress.example import Fault, fault_names
from perfstress.faults.scene import Tell
from perfstress.plan import Epoch
from perfstress.protocols import FaultAct
from perfstress.units import NS_PER_S, human_duration

POLL_S = 0.05
# A fault that cannot be ended within this is told and left: its own process is gone by then.
END_WITHIN_S = 30.0


class Timetable:
    """The faults of one run, each in a thread of its own from the moment that it counts from.

    ``act_of`` makes what carries a fault out; ``scale`` shortens the times at which faults come, as
    it shortens the stages, never how long they last. Call ``began`` at the start of each epoch, and
    ``close`` when the load is over or the run is cut short: it ends what is under way and returns
    when that has been done. ``news`` hands out what to say to whoever watches.
    """

    def __init__(
        self,
        faults: Sequence[Fault],
        act_of: Callable[[Fault], FaultAct],
        tell: Tell,
        *,
        scale: float = 1.0,
    ) -> None:
        self._act_of = act_of
        self._tell = tell
        self._scale = scale
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._waiting = list(zip(fault_names(faults), faults, strict=True))
        self._threads: list[threading.Thread] = []
        self._acts: list[FaultAct] = []
        self._lasting: set[str] = set()
        self._news: deque[str] = deque()

    @property
    def lasting(self) -> tuple[str, ...]:
        """The faults that are under way."""
        with self._lock:
            return tuple(sorted(self._lasting))

    def news(self) -> list[str]:
        """What has been made and ended since the last call, in words."""
        told = []
        while self._news:
            told.append(self._news.popleft())
        return told

    def began(self, epoch: Epoch, at_ns: int) -> None:
        """An epoch begins at ``at_ns`` of the clock: the faults that count from there have their
        time now.
        """
        stages = (epoch.stage, epoch.part_of)
        due = [one for one in self._waiting if one[1].during is None or one[1].during in stages]
        self._waiting = [one for one in self._waiting if one not in due]
        for name, fault in due:
            due_ns = at_ns + round(fault.at * self._scale)
            thread = threading.Thread(
                target=self._carry_out, args=(name, fault, due_ns), name=f"fault {name}"
            )
            self._threads.append(thread)
            thread.start()

    def close(self) -> None:
        """End everything that is under way; may be called twice."""
        self._closing.set()
        with self._lock:
            acts = list(self._acts)
        for act in acts:
            act.cancel()
        for thread in self._threads:
            thread.join(END_WITHIN_S)
        self._threads = [thread for thread in self._threads if thread.is_alive()]

    # ------------------------------------------------------------ one fault
    def _carry_out(self, name: str, fault: Fault, due_ns: int) -> None:
        if self._closing.wait(max(0, due_ns - now_ns()) / NS_PER_S):
            return
        act: FaultAct | None = None
        began_ns = now_ns()
        try:
            act = self._act_of(fault)
            with self._lock:
                self._acts.append(act)
                self._lasting.add(name)
            self._tell("fault-began", fault=name, act=fault.act, to=fault.to, **_told(fault))
            self._news.append(f"fault {name} begins: {in_words(fault)}")
            facts = act.begin()
            while not act.is_over() and not self._closing.is_set():
                left_s = POLL_S
                if fault.for_ is not None:
                    left_s = min(left_s, (began_ns + fault.for_ - now_ns()) / NS_PER_S)
                if left_s <= 0:
                    break
                self._closing.wait(left_s)
        except (PerfstressError, OSError) as error:
            message = error.message if isinstance(error, PerfstressError) else str(error)
            self._undo(name, act, {}, began_ns, failed=message)
        else:
            self._undo(name, act, dict(facts), began_ns)

    def _undo(
        self,
        name: str,
        act: FaultAct | None,
        facts: dict[str, Any],
        began_ns: int,
        failed: str = "",
    ) -> None:
        try:
            if act is not None:
                facts |= act.end()
        except (PerfstressError, OSError) as error:
            failed = failed or f"could not be undone: {error}"
        ended_ns = now_ns()
        with self._lock:
            self._lasting.discard(name)
        took_s = (ended_ns - began_ns) / NS_PER_S
        if failed:
            if not self._closing.is_set():
                self._tell("fault-failed", at_ns=ended_ns, fault=name, why=failed)
                self._news.append(f"fault {name} failed: {failed}")
            return
        self._tell("fault-ended", at_ns=ended_ns, fault=name, lasted_s=round(took_s, 3), **facts)
        self._news.append(f"fault {name} ended after {human_duration(took_s)}")


def _told(fault: Fault) -> dict[str, Any]:
    return {"signal": fault.signal} if fault.signal is not None else {}


def in_words(fault: Fault) -> str:
    """What is done, for people: ``SIGSTOP to target for 5 s``."""
    span = f" for {human_duration(fault.for_ / NS_PER_S)}" if fault.for_ is not None else ""
    if fault.restart:
        return "the target is killed and started again" if fault.signal == "KILL" else (
            "the target is restarted"
        )  # fmt: skip
    if fault.signal is not None:
        return f"SIG{fault.signal} to {fault.to}{span}"
    if fault.run is not None:
        return f"{fault.run[0]} runs{span}"
    proxy = fault.proxy
    parts = []
    if proxy is not None and proxy.delay is not None:
        parts.append(f"{human_duration(proxy.delay / NS_PER_S)} later")
    if proxy is not None and proxy.throttle is not None:
        parts.append(f"at {proxy.throttle:,} B/s")
    if proxy is not None and proxy.cut:
        parts.append("cut off")
    return f"{fault.to} {' and '.join(parts)}{span}"
