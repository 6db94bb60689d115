"""The closed model: users who call again as soon as the last call has ended."""

from __future__ import annotations

import asyncio
import itertools
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

from .calling import Calling
from .counts import FOLD, Tally
from .timing import NAP_S, NEVER_NS, clock

FAIR = 256  # calls that an async user makes at most before the others get a turn


class User:
    """One caller of the closed model."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.latencies: list[int] = []  # in ns, since they were last counted
        self.is_busy = False
        self.began_ns = 0  # of the call under way; kept for async users only
        self.is_late = False  # that call is being cancelled


class Closed:
    """One epoch of users who call again as soon as the last call has ended."""

    def __init__(self, calling: Calling, order: dict[str, Any]) -> None:
        self.calling = calling
        self.epoch: int = order["epoch"]
        self.at_ns: int = order["at_ns"]
        self.ops: int | None = order["ops"]
        self.duration_ns: int | None = order["duration_ns"]
        self.timeout_ns: int = order["timeout_ns"]
        self.start_users, self.end_users = order["users"]
        self.tally = Tally(self.epoch)
        self.users = [User(number) for number in range(max(self.start_users, self.end_users))]
        self.wanted = self.start_users  # users that should be calling now
        self.is_ramp = self.start_users != self.end_users
        first, number = order["first"], order.get("number")
        numbers = itertools.count(first) if self.ops is None else range(first, first + self.ops)
        self.numbers: Iterator[int] = iter(numbers)
        if number is not None:  # the same for every call
            bound = () if self.ops is None else (self.ops,)
            self.numbers = itertools.repeat(number, *bound)
        if not getattr(sys, "_is_gil_enabled", lambda: True)():
            self.numbers = _one_by_one(self.numbers)
        self.attend: list[None] = []  # not empty: there is something to see to between two calls
        self.wants_state = False
        self.is_over = False
        self.is_cancelled = False
        self.began_ns = 0
        self.ends_ns = NEVER_NS
        self.done = 0
        self.fired = 0

    def begin(self) -> None:
        """It is time: say so."""
        self.began_ns = clock()
        if self.duration_ns is not None:
            self.ends_ns = self.began_ns + self.duration_ns
        self.calling.replies.send("began", epoch=self.epoch, at_ns=self.began_ns)

    def stop(self) -> None:
        """No call is begun from now on."""
        self.is_over = True
        self.attend.append(None)

    def cancel(self) -> None:
        """Nor is anything waited for that can be given up."""
        self.is_cancelled = True
        self.stop()

    def ask_for_state(self) -> None:
        """Have the first user look at the state between two of its calls."""
        self.wants_state = True
        self.attend.append(None)

    def see_to(self) -> None:
        """What the clerk has asked for, in the caller's own thread."""
        self.attend.clear()
        if self.is_over:  # said between the last look and the clearing
            self.attend.append(None)
        if self.wants_state:
            self.wants_state = False
            self.calling.tell_state()

    # ------------------------------------------------------------ plain functions
    def by_threads(self) -> None:
        """The first user is the main thread, the others have threads of their own."""
        others = [
            threading.Thread(target=self.call, args=(user,), daemon=True) for user in self.users[1:]
        ]
        for thread in others:
            thread.start()
        if self.users:
            self.call(self.users[0])
        for thread in others:
            thread.join()
        while not self.users and not self.is_over:
            time.sleep(NAP_S)

    def call(self, user: User) -> None:
        """Call until the epoch is over. The hot path: one call, one look at the clock, one append.

        The time between two calls (some 0.1 µs) is charged to the later one.
        """
        op, attend, is_first = self.calling.function.op, self.attend, user.number == 0
        append = user.latencies.append
        numbers = self.gated(user) if self.is_ramp else self.numbers
        user.is_busy = not self.is_ramp
        made = FOLD
        while made == FOLD and not self.is_over:
            made = 0
            before = clock()
            for made, i in enumerate(itertools.islice(numbers, FOLD), 1):  # noqa: B007
                try:
                    op(i)
                    now = clock()
                    append(now - before)
                    before = now
                except BaseException as error:
                    self.count_error(error)
                    before = clock()
                if attend and (is_first or self.is_over):
                    self.see_to()
                    if self.is_over:
                        break
                    before = clock()
            self.fold(user)
        user.is_busy = False

    def gated(self, user: User) -> Iterator[int]:
        """The numbers of the calls, given out only while this user is among those wanted now."""
        while self.is_ramp and not self.is_over:
            user.is_busy = user.number < self.wanted
            if not user.is_busy:
                time.sleep(0.005)
                continue
            number = next(self.numbers, None)
            if number is None:
                self.is_ramp = False  # for those that wait for their turn: it will not come
                return
            yield number

    # ------------------------------------------------------------ async functions
    async def by_tasks(self) -> None:
        """Each user is a task; this one looks after the state and the calls that take too long."""
        tasks = {asyncio.ensure_future(self.call_async(user)): user for user in self.users}
        while not self.users and not self.is_over:
            await asyncio.sleep(NAP_S)
        left = set(tasks)
        while left and not self.is_cancelled:
            left = (await asyncio.wait(left, timeout=max(NAP_S, len(left) / 20_000)))[1]
            self.see_to()
            oldest_ns = clock() - self.timeout_ns
            for task in left:
                user = tasks[task]
                if user.began_ns and user.began_ns < oldest_ns and not user.is_late:
                    user.is_late = True
                    task.cancel()
        for task in left:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def call_async(self, user: User) -> None:
        """Await one call after the other until the epoch is over."""
        op = self.calling.function.op
        made = 0
        while not self.is_over:
            if self.is_ramp and user.number >= self.wanted:
                user.is_busy = False
                await asyncio.sleep(0.005)
                continue
            number = next(self.numbers, None)
            if number is None:
                self.is_ramp = False  # for those that wait for their turn: it will not come
                break
            user.is_busy = True
            user.began_ns = before = clock()
            try:
                await op(number)
                user.latencies.append(clock() - before)
            except asyncio.CancelledError as error:
                if self.is_cancelled:
                    raise
                if user.is_late:
                    user.is_late = False
                    user.latencies.append(max(clock() - before, self.timeout_ns + 1))
                else:
                    self.count_error(error)
            except BaseException as error:
                self.count_error(error)
            user.began_ns = 0
            made += 1
            if made % FAIR == 0:
                self.fold(user)
                await asyncio.sleep(0)
        user.is_busy = False
        self.fold(user)

    # ------------------------------------------------------------ telling
    def count_error(self, error: BaseException) -> None:
        """A call that ended with an exception."""
        with self.tally.lock:
            self.tally.errors[type(error).__name__] += 1
            self.done += 1
        self.calling.failed(error)

    def fold(self, user: User) -> None:
        """Count a user's latencies; by the user itself or by the clerk."""
        with self.tally.lock:
            values = user.latencies[:]
            del user.latencies[: len(values)]
            if not values:
                return
            late = 0
            if max(values) > self.timeout_ns:
                late = sum(value > self.timeout_ns for value in values)
                self.tally.errors["timeout"] += late
            self.tally.ok += len(values) - late
            self.tally.add("service", values)
            self.done += len(values)

    def take(self) -> list[dict[str, Any]]:
        """The counts since the last time."""
        for user in self.users:
            self.fold(user)
        if self.is_ramp:
            share = 1.0
            if self.duration_ns is not None:
                share = (clock() - self.began_ns) / self.duration_ns
            elif self.ops:
                share = self.done / self.ops
            span = self.end_users - self.start_users
            self.wanted = max(1, round(self.start_users + span * min(share, 1.0)))
        with self.tally.lock:
            # What has ended or is under way was begun; users that find no work left are counted as
            # busy until they notice, so the sum may be too high for a moment, but never beyond ops.
            fired = self.done + self.in_flight()
            if self.ops is not None:
                fired = min(fired, self.ops)
            self.tally.fired = max(0, fired - self.fired)
            self.fired += self.tally.fired
        return self.tally.take()

    def in_flight(self) -> int:
        """Users in the middle of a call."""
        return sum(user.is_busy for user in self.users)

    def tell_end(self) -> None:
        """Every call of the epoch has ended."""
        self.calling.replies.send("ended", epoch=self.epoch, at_ns=clock())


def _one_by_one(numbers: Iterator[int]) -> Iterator[int]:
    """For Pythons without a GIL, where an iterator may not be shared between threads."""
    lock = threading.Lock()

    def following() -> int | None:
        with lock:
            return next(numbers, None)

    return iter(following, None)
