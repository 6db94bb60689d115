"""One process of load: reads what to do from stdin, tells what happened on stdout, line by line.

The first line holds the script; the answer is ``{"is": "ready"}`` or ``{"is": "problem", …}``. Then
``{"begin": [epochs], "at_ns": n}`` starts a block, ``{"go_on": index, "at_ns": n}`` leaves out the
epochs before that one, and ``{"cancel": true}`` ends the block soon. It ends itself at the end of
stdin, so it never survives the process that started it.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import sys
from collections.abc import Mapping
from typing import Any

from perfstress.clock import now_ns
from perfstress.engine.closed_loop import ClosedLoop
from perfstress.engine.crew import Crew
from perfstress.engine.health import raise_open_files
from perfstress.engine.open_loop import OpenLoop
from perfstress.engine.script import Script
from perfstress.engine.talkscript import TalkScript
from perfstress.engine.wire import to_data
from perfstress.errors import PerfstressError, TargetError
from perfstress.plan import Epoch
from perfstress.protocols import BlockDone, DriverEvent
from perfstress.substitute import remember_secret

# Requests are looked at for lateness, ramps followed and the loop's lag measured this often; what
# was recorded is flushed every second time.
TURN_S = 0.05
_LONGEST_LINE = 256 * 2**20


class Worker:
    """The life of one process: one crew, one block at a time."""

    def __init__(
        self, plan: Mapping[str, Any], loop: asyncio.AbstractEventLoop, out: asyncio.WriteTransport
    ) -> None:
        self._out = out
        self._loop = loop
        self._zero_ns: int = plan["zero_ns"]
        for secret in plan["secrets"]:
            remember_secret(secret)
        script = plan["script"]
        self._crew = Crew(
            TalkScript.from_json(script) if "medium" in script else Script.from_json(script),
            loop,
            self.emit,
            zero_ns=self._zero_ns,
            part=plan["part"],
            parts=plan["parts"],
        )
        self._block: list[Epoch] = []
        self._drive: OpenLoop | ClosedLoop | None = None
        self._turns = 0
        self._due_ns = 0

    def emit(self, event: DriverEvent) -> None:
        """Tell one event."""
        self.tell(to_data(event))

    def tell(self, data: Mapping[str, Any]) -> None:
        """Write one line."""
        self._out.write(json.dumps(data, separators=(",", ":")).encode("utf-8") + b"\n")

    def obey(self, command: Mapping[str, Any]) -> None:
        """Do what a line of stdin says."""
        if "begin" in command:
            self._block = [Epoch.from_json(epoch) for epoch in command["begin"]]
            kind = OpenLoop if self._block[0].model == "open" else ClosedLoop
            self._drive = kind(self._crew, self._block, command["at_ns"], self._over)
            self._again()
        elif "go_on" in command and self._drive is not None:
            self._drive.go_on(command["go_on"], command["at_ns"])
        elif "cancel" in command and self._drive is not None:
            self._drive.cancel()

    def _again(self) -> None:
        self._due_ns = now_ns() + round(TURN_S * 1e9)
        self._loop.call_later(TURN_S, self._turn)

    def _turn(self) -> None:
        drive = self._drive
        if drive is None:
            return
        at_ns = now_ns()
        self._crew.health.lagged(at_ns - self._due_ns)
        self._turns += 1
        self._crew.pool.time_out(at_ns)
        drive.turn(at_ns)
        if self._drive is not drive:  # that was the end of the block, and all has been told
            return
        if self._turns % 2 == 0:
            self._flush(at_ns)
        self._again()

    def _flush(self, at_ns: int) -> None:
        self._crew.recorder.flush(at_ns)
        in_flight = self._drive.in_flight if self._drive is not None else 0
        second = (at_ns - self._zero_ns) // 10**9
        self.tell({**to_data(self._crew.progress(in_flight, at_ns)), "second": second})

    def _over(self) -> None:
        self._drive = None
        self._crew.pool.close_idle()
        at_ns = now_ns()
        for epoch in self._block:
            self._crew.recorder.close(epoch.index, at_ns)
        self._flush(at_ns)
        self.emit(BlockDone(self._crew.late_troubles()))
        # Now nothing is waiting for us. What the block left in cycles (each encoding of a histogram
        # makes a type of ctypes) must not pile up until the collector comes by itself.
        self._loop.call_soon(gc.collect)


async def _work() -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=_LONGEST_LINE)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    out, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, sys.stdout)
    first = await reader.readline()
    if not first:
        return
    try:
        worker = Worker(json.loads(first), loop, out)
    except PerfstressError as error:
        problem = {"message": error.message, "hint": error.hint, "slug": error.slug}
        problem["of"] = "target" if isinstance(error, TargetError) else "example"
        out.write(json.dumps({"is": "problem", **problem}).encode("utf-8") + b"\n")
        await reader.read()  # until the other side has read it and lets go
        return
    gc.collect()
    # ten thousand users are many objects and no cycles: walking them again and again only costs
    gc.set_threshold(20_000, 20, 20)
    gc.freeze()  # what is loaded now stays, and need not be walked again and again
    worker.tell({"is": "ready"})
    while line := await reader.readline():
        worker.obey(json.loads(line))


def main() -> None:
    """Until stdin ends."""
    # Ctrl-C goes to the whole group of processes; the session decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise_open_files()
    with asyncio.Runner(loop_factory=_new_loop) as runner:
        runner.run(_work())
        sys.stderr.flush()
        # Requests may still be under way; nothing of them is wanted any more.
        os._exit(0)


def _new_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop  # delayed: there is none for some platforms, and asyncio's own does there
    except ImportError:
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop


if __name__ == "__main__":
    main()
