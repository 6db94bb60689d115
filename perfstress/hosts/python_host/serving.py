"""The host itself: the main thread, which calls, and the clerk, who writes down."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
import inspect
import json
import os
import platform
import queue
import select
import threading
import time
import traceback
from typing import Any

from .calling import Calling, Function
from .channel import Replies
from .closed_model import Closed
from .open_model import Open
from .timing import NAP_S, NEVER_NS, clock

PIPES = "PERFSTRESS_HOST"
TRACE = "PERFSTRESS_ALLOCATIONS"
TICK_NS = 100_000_000
STATE_NS = 1_000_000_000
END_WITHIN_S = 1.0


class Host:
    """The main thread, which calls, and the clerk, who writes down."""

    def __init__(self, commands: int, replies: int) -> None:
        self.commands = commands
        self.replies = Replies(replies)
        self.calling = Calling(self.replies)
        self.queue: queue.Queue[Any] = queue.Queue()
        self.loop: Any = None  # for async functions only
        self.load: Closed | Open | None = None  # under way
        self.open: Open | None = None  # where arrivals go to
        self.zero_ns = 0
        self.told_ns = 0
        self.next_state_ns = 0
        self.allocations: Any = None  # only where they are asked for: tracing costs

    def run(self) -> None:
        """The main thread: carry out what takes time, one after the other."""
        threading.Thread(target=self.keep_books, name="perfstress-clerk", daemon=True).start()
        while (order := self.queue.get()) is not None:
            if isinstance(order, (Closed, Open)):
                self.carry(order)
            elif order["do"] == "load":
                self.set_up(order)
            elif order["do"] == "size":
                self.resize(order["value"])
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
            self.prepare(function, function.size)
            if function.swept:
                function.use(function.first_size)
        except BaseException as error:
            told = f"{type(error).__name__}: {error}"
            self.replies.send("failed", stage=stage, error=told, traceback=traceback.format_exc())
            return
        self.calling.function = function
        self.replies.send(
            "ready",
            runtime=f"{platform.python_implementation()} {platform.python_version()}",
            is_async=function.is_async,
            clock_ns=clock(),
        )

    def prepare(self, function: Function, size: dict[str, Any]) -> None:
        """Call ``setup``, where there is one."""
        if function.setup is not None:
            made = function.setup(**size)
            if inspect.isawaitable(made):
                self.loop.run_until_complete(made)

    def resize(self, value: Any) -> None:
        """Make a size ready. Where that fails every call fails, for the size is what was asked."""
        function = self.calling.function
        function.op = function.whole
        try:
            if function.is_sized_by_setup:
                self.prepare(function, {**function.size, function.swept: value})
            function.use(value)
        except BaseException as error:
            function.refuse(error)
        self.replies.send("sized", value=value)

    def carry(self, load: Closed | Open) -> None:
        """One epoch of the closed model, or all arrivals of the open one."""
        while not load.is_over and (left_ns := load.at_ns - clock()) > 0:
            time.sleep(min(left_ns / 1e9, NAP_S))
        if not load.is_over:
            load.begin()
            self.told_ns = clock()
            self.load = load
            if self.calling.function.is_async:
                self.loop.run_until_complete(load.by_tasks())
            else:
                load.by_threads()
            self.load = None
            self.tell(load)
        load.tell_end()

    def quieten(self) -> None:
        """Let go of what is only cached, so that floors can be compared."""
        if self.allocations is not None and (facts := self.allocations.tell()):
            self.replies.send("described", probe="allocations", facts=facts)
        gc.collect()
        with contextlib.suppress(AttributeError, OSError):  # glibc alone has it
            ctypes.CDLL(None).malloc_trim(0)
        self.calling.tell_state()
        self.replies.send("quiet")

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
        if self.calling.function.state is not None and clock() >= self.next_state_ns:
            self.next_state_ns = clock() + STATE_NS
            load.ask_for_state()
        if self.allocations is not None:
            self.allocations.look()
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
            self.queue.put(Closed(self.calling, order))
        elif order["do"] == "open":
            self.open = Open(self.calling, order)
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


def serve() -> None:
    """Serve the process that holds the other ends of the pipes."""
    commands, replies = (int(number) for number in os.environ.pop(PIPES).split(","))
    for descriptor in (commands, replies):
        os.set_inheritable(descriptor, False)  # a child of the function must not hold them open
    host = Host(commands, replies)
    if os.environ.pop(TRACE, ""):
        from .allocations import Allocations  # delayed: tracemalloc is for those who ask

        host.allocations = Allocations()
    host.run()
