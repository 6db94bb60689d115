"""Hosts a Python function for perfstress: loads it, calls it, counts. See docs/host-protocol.md.

Runs under the target's own Python (3.8 or later) with nothing but the standard library. The main
thread calls the function; a second one, the clerk, reads commands, keeps time and tells what has
happened each 100 ms. Memory is bounded, however many calls are made: latencies are kept one by one
for at most ``FOLD`` calls and then counted by their size.
"""

from __future__ import annotations

import asyncio
import bisect
import contextlib
import ctypes
import gc
import importlib
import inspect
import itertools
import json
import os
import platform
import queue
import select
import sys
import threading
import time
import traceback
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

PIPES = "PERFSTRESS_HOST"
TICK_NS = 100_000_000
STATE_NS = 1_000_000_000
FOLD = 4096  # latencies kept one by one; more would show in the memory that is being watched
FAIR = 256  # calls that an async user makes at most before the others get a turn
TRACEBACKS = 5  # of failed calls, printed to the log
MOST_THREADS = 256  # for arrivals at a rate: more threads than that only wait for each other
NAP_S = 0.02  # between two looks at whether to go on
END_WITHIN_S = 1.0
NEVER_NS = 1 << 62

clock = time.perf_counter_ns


# ---------------------------------------------------------------- counting
def rounded(latency_ns: int) -> int:
    """A latency to 512 ns or 11 significant bits, whichever is coarser: the middle of its place in
    an HDR histogram of 1 µs to 1 h with three significant digits.
    """
    shift = max(9, latency_ns.bit_length() - 11)
    return ((latency_ns >> shift) << shift) + (1 << (shift - 1))


class Tally:
    """What has happened in one epoch since it was last told; ``lock`` guards everything in it."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch
        self.lock = threading.Lock()
        names = ("response", "service", "slip")
        self.latencies: dict[str, Counter[int]] = {name: Counter() for name in names}
        self.fired = self.ok = self.dropped = 0
        self.errors: Counter[str] = Counter()

    def add(self, name: str, values_ns: Iterable[int]) -> None:
        """Count these latencies. Few different numbers are left when the lowest bits have gone, so
        most of the work is Counter's own loop.
        """
        counts = self.latencies[name]
        for value, count in Counter([value >> 9 for value in values_ns]).items():
            counts[rounded(value << 9)] += count

    def take(self) -> list[dict[str, Any]]:
        """Everything since the last time as plain data; an empty list for nothing."""
        with self.lock:
            if not (self.fired or self.ok or self.dropped or self.errors):
                return []
            told: dict[str, Any] = {
                "epoch": self.epoch,
                "fired": self.fired,
                "ok": self.ok,
                "dropped": self.dropped,
                "errors": dict(self.errors),
            }
            for name, counts in self.latencies.items():
                if counts:
                    told[name] = list(itertools.chain.from_iterable(counts.items()))
                    counts.clear()
            self.fired = self.ok = self.dropped = 0
            self.errors.clear()
            return [told]


# ---------------------------------------------------------------- the host
class Replies:
    """The pipe to perfstress; whole lines, from any thread."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.lock = threading.Lock()

    def send(self, kind: str, **facts: Any) -> None:
        """Tell perfstress; if it has gone, so does the host."""
        line = json.dumps({"reply": kind, **facts}, separators=(",", ":")).encode() + b"\n"
        try:
            with self.lock:
                while line:
                    line = line[os.write(self.descriptor, line) :]
        except OSError:
            os._exit(1)


class Function:
    """The functions under test, found by ``module:name``."""

    def __init__(self, order: dict[str, Any]) -> None:
        sys.path.insert(0, order["cwd"])
        self.op = _find(order["call"])
        self.setup = _find(order["setup"]) if order.get("setup") else None
        self.state = _find(order["state"]) if order.get("state") else None
        call = getattr(self.op, "__call__", None)  # noqa: B004 - an object may have an async one
        self.is_async = inspect.iscoroutinefunction(self.op) or inspect.iscoroutinefunction(call)
        if order.get("by") == "tasks" and not self.is_async:
            raise TypeError(f"{order['call']} is not async, so tasks cannot call it")


def _find(name: str) -> Callable[..., Any]:
    module, _, attribute = name.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), attribute)
    return found


class Host:
    """The main thread, which calls, and the clerk, who writes down."""

    def __init__(self, commands: int, replies: int) -> None:
        self.commands = commands
        self.replies = Replies(replies)
        self.queue: queue.Queue[Any] = queue.Queue()
        self.function: Function
        self.loop: Any = None  # for async functions only
        self.load: Closed | Open | None = None  # under way
        self.open: Open | None = None  # where arrivals go to
        self.zero_ns = 0
        self.told_ns = 0
        self.next_state_ns = 0
        self.tracebacks = 0
        self.has_state_failed = False

    def run(self) -> None:
        """The main thread: carry out what takes time, one after the other."""
        threading.Thread(target=self.keep_books, name="perfstress-clerk", daemon=True).start()
        while (order := self.queue.get()) is not None:
            if isinstance(order, (Closed, Open)):
                self.carry(order)
            elif order["do"] == "load":
                self.set_up(order)
            elif order["do"] == "quiet":
                self.quieten()
        if self.loop is not None:
            self.loop.close()

    def set_up(self, order: dict[str, Any]) -> None:
        """Load the functions and prepare them; a failure is told with its traceback."""
        stage = "load"
        try:
            os.chdir(order["cwd"])
            function = Function(order)
            stage = "setup"
            if function.is_async or inspect.iscoroutinefunction(function.setup):
                self.loop = asyncio.new_event_loop()
                asyncio.set_event_loop(self.loop)
            if function.setup is not None:
                made = function.setup(**order["size"])
                if inspect.isawaitable(made):
                    self.loop.run_until_complete(made)
        except BaseException as error:
            told = f"{type(error).__name__}: {error}"
            self.replies.send("failed", stage=stage, error=told, traceback=traceback.format_exc())
            return
        self.function = function
        self.replies.send(
            "ready",
            runtime=f"{platform.python_implementation()} {platform.python_version()}",
            is_async=function.is_async,
            clock_ns=clock(),
        )

    def carry(self, load: Closed | Open) -> None:
        """One epoch of the closed model, or all arrivals of the open one."""
        while not load.is_over and (left_ns := load.at_ns - clock()) > 0:
            time.sleep(min(left_ns / 1e9, NAP_S))
        if not load.is_over:
            load.begin()
            self.told_ns = clock()
            self.load = load
            if self.function.is_async:
                self.loop.run_until_complete(load.by_tasks())
            else:
                load.by_threads()
            self.load = None
            self.tell(load)
        load.tell_end()

    def quieten(self) -> None:
        """Let go of what is only cached, so that floors can be compared."""
        gc.collect()
        with contextlib.suppress(AttributeError, OSError):  # glibc alone has it
            ctypes.CDLL(None).malloc_trim(0)
        self.tell_state()
        self.replies.send("quiet")

    def tell_state(self) -> None:
        """What ``state()`` gives; called in the thread that calls the function."""
        if self.function.state is None:
            return
        try:
            values = {
                str(name): float(value)
                for name, value in self.function.state().items()
                if isinstance(value, (int, float))
            }
        except Exception:
            if not self.has_state_failed:
                self.has_state_failed = True
                sys.stderr.write("perfstress: state() failed:\n" + traceback.format_exc())
            return
        self.replies.send("gauges", values=values)

    def failed(self, error: BaseException) -> None:
        """Put the first few exceptions of calls into the log."""
        self.tracebacks += 1
        if self.tracebacks <= TRACEBACKS:
            sys.stderr.write("perfstress: a call failed:\n")
            traceback.print_exception(type(error), error, error.__traceback__)

    # ------------------------------------------------------------ the clerk
    def keep_books(self) -> None:
        """Read commands; on each tenth of the run's seconds tell what has happened."""
        buffer = b""
        tick_ns = self.next_tick_ns()
        while True:
            load = self.load
            wake_ns = min(tick_ns, load.ends_ns) if load is not None else tick_ns
            if select.select([self.commands], [], [], max(0.0, (wake_ns - clock()) / 1e9))[0]:
                chunk = os.read(self.commands, 1 << 20)
                if not chunk:
                    break
                *lines, buffer = (buffer + chunk).split(b"\n")
                for line in lines:
                    self.take_order(json.loads(line))
            if load is not None and clock() >= load.ends_ns:
                load.ends_ns = NEVER_NS
                load.stop()
            if clock() >= tick_ns:
                tick_ns = self.next_tick_ns()
                if load is not None and load is self.load:
                    self.tick(load)
        self.halt()
        self.queue.put(None)
        time.sleep(END_WITHIN_S)
        os._exit(0)  # a call that does not return must not keep the host

    def next_tick_ns(self) -> int:
        """The next whole tenth of a second, counted from the run's zero."""
        return self.zero_ns + ((clock() - self.zero_ns) // TICK_NS + 1) * TICK_NS

    def tick(self, load: Closed | Open) -> None:
        """A tenth of a second has passed."""
        if self.function.state is not None and clock() >= self.next_state_ns:
            self.next_state_ns = clock() + STATE_NS
            load.ask_for_state()
        self.tell(load)

    def tell(self, load: Closed | Open) -> None:
        """What has happened since the last time."""
        counts = load.take()
        from_ns, self.told_ns = self.told_ns, clock()
        self.replies.send(
            "progress",
            from_ns=from_ns,
            to_ns=self.told_ns,
            in_flight=load.in_flight(),
            counts=counts,
        )

    def take_order(self, order: dict[str, Any]) -> None:
        """Carry out a command, or queue it for the main thread."""
        self.zero_ns = order.get("zero_ns", self.zero_ns)
        if order["do"] == "run":
            self.queue.put(Closed(self, order))
        elif order["do"] == "open":
            self.open = Open(self, order)
            self.queue.put(self.open)
        elif order["do"] == "due":
            if self.open is not None:
                self.open.add(order)
        elif order["do"] == "stop":
            self.halt()
        else:
            self.queue.put(order)

    def halt(self) -> None:
        """End the load that is under way, and that which waits."""
        waiting = []
        with contextlib.suppress(queue.Empty):
            while True:
                waiting.append(self.queue.get_nowait())
        for order in waiting:
            if isinstance(order, (Closed, Open)):
                order.cancel()
            self.queue.put(order)
        if self.load is not None:
            self.load.cancel()


# ---------------------------------------------------------------- the closed model
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

    def __init__(self, host: Host, order: dict[str, Any]) -> None:
        self.host = host
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
        first = order["first"]
        numbers = itertools.count(first) if self.ops is None else range(first, first + self.ops)
        self.numbers: Iterator[int] = iter(numbers)
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
        self.host.replies.send("began", epoch=self.epoch, at_ns=self.began_ns)

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
            self.host.tell_state()

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
        op, attend, is_first = self.host.function.op, self.attend, user.number == 0
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
        op = self.host.function.op
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
        self.host.failed(error)

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
        self.host.replies.send("ended", epoch=self.epoch, at_ns=clock())


def _one_by_one(numbers: Iterator[int]) -> Iterator[int]:
    """For Pythons without a GIL, where an iterator may not be shared between threads."""
    lock = threading.Lock()

    def following() -> int | None:
        with lock:
            return next(numbers, None)

    return iter(following, None)


# ---------------------------------------------------------------- the open model
class Open:
    """Arrivals at their times, whatever the calls before them are doing."""

    def __init__(self, host: Host, order: dict[str, Any]) -> None:
        self.host = host
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
            self.host.tell_state()

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
        op = self.host.function.op
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
            await self.host.function.op(number)
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
        self.host.failed(error)

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
        self.host.replies.send("drained", at_ns=clock())


def main() -> None:
    """Serve the process that holds the other ends of the pipes."""
    commands, replies = (int(number) for number in os.environ.pop(PIPES).split(","))
    for descriptor in (commands, replies):
        os.set_inheritable(descriptor, False)  # a child of the function must not hold them open
    del sys.path[0]  # the hosts' own folder
    Host(commands, replies).run()


if __name__ == "__main__":
    main()
