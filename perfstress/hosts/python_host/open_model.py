"""The open model: arrivals at their times, whatever the calls before them are doing."""

from __future__ import annotations

import asyncio
import bisect
import threading
import time
from array import array
from typing import Any

from .calling import Calling
from .counts import FOLD, Tally
from .timing import NAP_S, NEVER_NS, clock

MOST_THREADS = 256  # for arrivals at a rate: more threads than that only wait for each other


class Open:
    """Arrivals at their times, whatever the calls before them are doing."""

    def __init__(self, calling: Calling, order: dict[str, Any]) -> None:
        self.calling = calling
        self.at_ns = 0
        self.timeout_ns: int = order["timeout_ns"]
        self.max_in_flight: int = order["max_in_flight"]
        self.first: int = order["first"]
        self.due = array("q")  # times of arrivals; those before ``head`` have been taken
        self.head = 0
        self.taken = 0  # arrivals taken, or dropped, since the beginning
        self.starts: list[int] = []  # of each epoch: the number of its first arrival
        self.tallies: list[Tally] = []
        self.is_complete = False  # no more arrivals will be told
        self.is_over = False
        self.wants_state = False
        self.ends_ns = NEVER_NS
        self.changed = threading.Condition()
        self.busy = 0
        self.idle = 0
        self.threads: list[threading.Thread] = []
        # Of each call that ended: response, service and slip in ns.
        self.records: list[tuple[Tally, int, int, int]] = []

    def begin(self) -> None:
        """Each arrival has its own time."""

    def add(self, order: dict[str, Any]) -> None:
        """Arrivals of one epoch, later than all before."""
        with self.changed:
            if not self.tallies or self.tallies[-1].epoch != order["epoch"]:
                self.tallies.append(Tally(order["epoch"]))
                self.starts.append(self.taken + len(self.due) - self.head)
            self.due.extend(order["from_ns"] + offset for offset in order["at_ns"])
            self.is_complete = self.is_complete or order["last"]
            self.changed.notify_all()

    def stop(self) -> None:
        """No call is begun from now on."""
        with self.changed:
            self.is_over = self.is_complete = True
            self.changed.notify_all()

    cancel = stop

    def ask_for_state(self) -> None:
        """Have the main thread look at the state."""
        self.wants_state = True

    def see_to(self) -> None:
        """What the clerk has asked for, in the main thread."""
        if self.wants_state:
            self.wants_state = False
            self.calling.tell_state()

    def has_due(self) -> bool:
        """Whether arrivals are known that nobody has taken."""
        return self.head < len(self.due) and not self.is_over

    def next_arrival(self) -> tuple[Tally, int, int] | None:
        """Take one: its tally, its number and its time; those that have waited longest are dropped
        when more are under way or overdue than may be in flight. The caller holds the lock.
        """
        self.drop_surplus()
        return self._take() if self.has_due() else None

    def drop_surplus(self) -> None:
        """Arrivals beyond those that may be in flight are not called; the caller holds the lock."""
        overdue = bisect.bisect_right(self.due, clock(), self.head) - self.head
        for _ in range(min(self.busy + overdue - self.max_in_flight, overdue)):
            tally = self._take()[0]
            with tally.lock:
                tally.dropped += 1

    def _take(self) -> tuple[Tally, int, int]:
        tally = self.tallies[bisect.bisect_right(self.starts, self.taken) - 1]
        arrival = (tally, self.first + self.taken, self.due[self.head])
        self.head += 1
        self.taken += 1
        if self.head >= FOLD:
            del self.due[: self.head]
            self.head = 0
        return arrival

    # ------------------------------------------------------------ plain functions
    def by_threads(self) -> None:
        """Threads take arrivals in turn; there is always one more than are busy, up to a limit."""
        with self.changed:
            self._add_thread()
        while True:
            self.see_to()
            with self.changed:
                if self.is_complete and not (self.has_due() or self.busy or self.idle):
                    break
                self.changed.wait(NAP_S)
        for thread in self.threads:
            thread.join()

    def _add_thread(self) -> None:
        thread = threading.Thread(target=self.serve, daemon=True)
        self.threads.append(thread)
        self.idle += 1
        thread.start()

    def serve(self) -> None:
        """Take an arrival, wait for its time, call; until there are no more."""
        op = self.calling.function.op
        while (arrival := self._wait_for_arrival()) is not None:
            tally, number, due_ns = arrival
            while not self.is_over and (left_ns := due_ns - clock()) > 0:
                time.sleep(min(left_ns / 1e9, NAP_S))
            with self.changed:
                if self.is_over:
                    break
                self.idle -= 1
                self.busy += 1
            fired_ns = self.fire(tally)
            try:
                op(number)
                self.ended(tally, due_ns, fired_ns)
            except BaseException as error:
                self.count_error(tally, error)
            with self.changed:
                self.busy -= 1
                self.idle += 1
        with self.changed:
            self.idle -= 1
            self.changed.notify_all()

    def _wait_for_arrival(self) -> tuple[Tally, int, int] | None:
        """The next arrival, None when there will be none."""
        with self.changed:
            while True:
                while not self.has_due():
                    if self.is_complete:
                        return None
                    self.changed.wait(NAP_S)
                arrival = self.next_arrival()
                if arrival is not None:
                    # Before the wait for its time, so that a new thread does not delay the call.
                    most = min(MOST_THREADS, self.max_in_flight)
                    if self.idle < 2 and len(self.threads) < most:
                        self._add_thread()
                    return arrival

    # ------------------------------------------------------------ async functions
    async def by_tasks(self) -> None:
        """A task for each arrival."""
        running: dict[asyncio.Task[None], tuple[Tally, int, int]] = {}

        def has_ended(task: asyncio.Task[None]) -> None:
            running.pop(task, None)

        while self.has_due() or not self.is_complete:
            self.see_to()
            self._cancel_late(running)
            with self.changed:
                self.busy = len(running)
                self.drop_surplus()
                left_s = (self.due[self.head] - clock()) / 1e9 if self.has_due() else NAP_S
                arrival = self._take() if left_s <= 0 else None
            if arrival is None:
                await asyncio.sleep(min(max(left_s, 0.0), NAP_S))
                continue
            tally, number, due_ns = arrival
            task = asyncio.ensure_future(self.call_async(tally, number, due_ns))
            running[task] = (tally, due_ns, clock())
            task.add_done_callback(has_ended)
            await asyncio.sleep(0)  # in a burst the first must not wait for the last
        while running and not self.is_over:
            await asyncio.wait(list(running), timeout=NAP_S)
            self._cancel_late(running)
            self.see_to()
            self.busy = len(running)
        given_up = list(running)
        for task in given_up:
            task.cancel()
        await asyncio.gather(*given_up, return_exceptions=True)
        self.busy = 0

    def _cancel_late(self, running: dict[asyncio.Task[None], tuple[Tally, int, int]]) -> None:
        now = clock()
        for task, (tally, due_ns, began_ns) in list(running.items()):
            if now - began_ns <= self.timeout_ns:
                break  # they are in the order of their beginning
            del running[task]
            task.cancel()
            self.records.append((tally, now - due_ns, now - began_ns, began_ns - due_ns))

    async def call_async(self, tally: Tally, number: int, due_ns: int) -> None:
        """One call; one that is cancelled has been counted by whoever did it."""
        fired_ns = self.fire(tally)
        try:
            await self.calling.function.op(number)
            self.ended(tally, due_ns, fired_ns)
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            self.count_error(tally, error)

    # ------------------------------------------------------------ telling
    def fire(self, tally: Tally) -> int:
        """A call begins now."""
        with tally.lock:
            tally.fired += 1
        return clock()

    def ended(self, tally: Tally, due_ns: int, fired_ns: int) -> None:
        """A call has returned."""
        now = clock()
        self.records.append((tally, now - due_ns, now - fired_ns, fired_ns - due_ns))
        if len(self.records) >= FOLD:
            self.fold()

    def count_error(self, tally: Tally, error: BaseException) -> None:
        """A call that ended with an exception."""
        with tally.lock:
            tally.errors[type(error).__name__] += 1
        self.calling.failed(error)

    def fold(self) -> None:
        """Count the records; by a caller or by the clerk."""
        with self.changed:
            records = self.records[:]
            del self.records[: len(records)]
        for tally in {record[0] for record in records}:
            found = [record for record in records if record[0] is tally]
            late = sum(record[2] > self.timeout_ns for record in found)
            with tally.lock:
                tally.ok += len(found) - late
                if late:
                    tally.errors["timeout"] += late
                tally.add("response", [record[1] for record in found])
                tally.add("service", [record[2] for record in found])
                tally.add("slip", [record[3] for record in found])

    def take(self) -> list[dict[str, Any]]:
        """The counts since the last time, for each epoch."""
        self.fold()
        return [told for tally in self.tallies for told in tally.take()]

    def in_flight(self) -> int:
        """Calls under way."""
        return self.busy

    def tell_end(self) -> None:
        """Every arrival was taken, and every call has ended."""
        self.calling.replies.send("drained", at_ns=clock())
