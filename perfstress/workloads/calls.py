"""Drives a hosted function: commands down the channel, counts and latencies back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from perfstress.clock import now_ns
from perfstress.engine.health import Health
from perfstress.errors import TargetError
from perfstress.example import Ready, WorkedExample
from perfstress.plan import Epoch
from perfstress.protocols import (
    BlockDone,
    Channel,
    Described,
    DriverEvent,
    EpochBegan,
    EpochDone,
    Gauges,
    Lost,
    Progress,
    SizeReady,
    Surroundings,
    Target,
)
from perfstress.units import NS_PER_S, format_duration
from perfstress.workloads.due import Due
from perfstress.workloads.seconds import Seconds

JOURNEY = "call"
# A host tells each tenth of a second what was counted in it; this much later nothing is missing.
COMPLETE_AFTER_NS = 300_000_000
AHEAD_NS = 1_500_000_000  # arrivals are told to the host this long before they are due
MOST_BACKLOG = 1 << 20  # bytes; a host that does not read gets no more arrivals
QUIET_WITHIN_S = 30.0
CANCEL_WITHIN_NS = 3 * NS_PER_S // 2


class CallsDriver:
    """One hosted function, called by users in turn or at arrivals of a rate."""

    def __init__(self, example: WorkedExample, target: Target, around: Surroundings) -> None:
        channel: Channel | None = getattr(target, "channel", None)
        if channel is None:
            raise TargetError(
                "workload.calls: the target hosts no function",
                hint="write target.python or target.node, or a command that speaks the host "
                "protocol",
                slug="no-host",
            )
        self._channel = channel
        self._offset_ns = int(getattr(target, "clock_offset_ns", 0))  # ours less the host's
        self._zero_ns = now_ns()
        self._seconds = Seconds(JOURNEY, self._zero_ns)
        self._health = Health()
        self._events: list[DriverEvent] = []
        self._in_flight = 0
        self._first = 0  # the number of the next call
        self._block: list[Epoch] = []  # epochs that have not ended
        self._begun: set[int] = set()
        self._open: Due | None = None
        self._cancelled_ns: int | None = None
        self._is_lost = False
        self._troubles: dict[int, dict[str, str]] = {}
        self._size = example.shape.size
        self._size_within_ns = (example.target.ready or Ready()).within
        self._sizing_ns: int | None = None  # since when the host makes a size ready
        self._held: dict[str, Any] | None = None  # the order to call, until its size was read
        self._is_read = False

    # ------------------------------------------------------------ the driver's life
    def prepare(self, zero_ns: int) -> None:
        """Count from ``zero_ns``, and have the function's first state told."""
        self._zero_ns = zero_ns
        self._seconds = Seconds(JOURNEY, zero_ns)
        self.quiet()

    def begin(self, block: Sequence[Epoch], at_ns: int) -> None:
        """Give the host every epoch of the block, so that none waits for us."""
        self._block = list(block)
        self._cancelled_ns = None
        self._health.restart()
        self._begun.clear()
        if block[0].model == "open":
            self._begin_open(block, at_ns)
            return
        for epoch in block:
            number = self._resize(epoch)
            self._call(
                epoch,
                {
                    "do": "run",
                    "epoch": epoch.index,
                    "zero_ns": self._zero_ns - self._offset_ns,
                    "at_ns": at_ns - self._offset_ns,
                    "users": [round(epoch.start_level), round(epoch.end_level)],
                    "ops": epoch.ops,
                    "duration_ns": epoch.duration_ns,
                    "timeout_ns": epoch.timeout_ns,
                    "first": self._first,
                    "number": number,
                },
            )
            # Without a bound on the calls their numbers begin again far from all others.
            self._first += epoch.ops if epoch.ops is not None else 1_000_000_000

    def _call(self, epoch: Epoch, order: dict[str, Any]) -> None:
        """Have the host call; where the input has a size, when that is ready and what the target
        begins with has been read.
        """
        if epoch.size is None:
            self._channel.send(order)
            return
        self._held, self._is_read = order, False
        self._channel.send({"do": "quiet"})  # what the last size left must not be taken for this

    def _resize(self, epoch: Epoch) -> int | None:
        """Have the host make the size of an epoch ready; where the function is told the place of
        the size, that is the number of each call.
        """
        if self._size is None or epoch.size is None:
            return None
        if self._size.as_ == "place":
            return self._size.all.index(epoch.size)
        self._sizing_ns = now_ns()
        self._channel.send({"do": "size", "value": epoch.size})
        return None

    def _begin_open(self, block: Sequence[Epoch], at_ns: int) -> None:
        self._open = Due(block, at_ns)
        self._channel.send(
            {
                "do": "open",
                "zero_ns": self._zero_ns - self._offset_ns,
                "timeout_ns": block[0].timeout_ns,
                "max_in_flight": block[0].max_in_flight,
                "first": self._first,
            }
        )
        self._feed()

    def poll(self, timeout_s: float) -> Sequence[DriverEvent]:
        """What the host has told, in our own words."""
        self._feed()
        if self._held is not None and self._is_read:
            order, self._held = self._held, None
            self._order({**order, "at_ns": max(order["at_ns"], now_ns() - self._offset_ns)})
        reply = None if self._events else self._channel.receive(timeout_s)
        while reply is not None:
            self._take(reply)
            reply = self._channel.receive(0.0)
        self._advance()
        events, self._events = self._events, []
        self._is_read = self._is_read or any(isinstance(event, SizeReady) for event in events)
        return events

    def go_on(self, index: int, at_ns: int) -> None:
        """Leave out what of the block comes before epoch ``index``, in the open model (lint refuses
        climbs of users here). What has been told to the host already still comes.
        """
        if self._open is not None:
            self._open.go_on(index, at_ns)

    def cancel(self) -> None:
        """Have the host begin no more calls; one that does not return is not waited for long."""
        if self._cancelled_ns is None:
            self._cancelled_ns = now_ns()
            self._held = None
            self._order({"do": "stop"})

    def quiet(self) -> None:
        """Have the host collect its garbage, and wait until it has."""
        self._order({"do": "quiet"})
        deadline_ns = now_ns() + int(QUIET_WITHIN_S * NS_PER_S)
        while now_ns() < deadline_ns and not self._has_gone():
            reply = self._channel.receive(0.1)
            if reply is not None:
                self._take(reply)
                if reply["reply"] == "quiet":
                    return

    def roots(self) -> tuple[int, ...]:
        """None besides the target's own."""
        return ()

    def close(self) -> None:
        """Nothing: the pipe is the target's."""

    # ------------------------------------------------------------ to the host
    def _order(self, message: Mapping[str, Any]) -> None:
        try:
            self._channel.send(message)
        except TargetError:
            self._is_lost = True  # the target's own exit says more

    def _has_gone(self) -> bool:
        return self._is_lost or bool(getattr(self._channel, "is_closed", False))

    def _feed(self) -> None:
        """Tell the host the arrivals of the next while."""
        if self._open is None or self._cancelled_ns is not None:
            return
        upto_ns = now_ns() + AHEAD_NS
        while getattr(self._channel, "backlog", 0) < MOST_BACKLOG:
            told = self._open.next(upto_ns)
            if told is None:
                return
            epoch, from_ns, offsets, is_last = told
            self._first += len(offsets)
            self._order(
                {
                    "do": "due",
                    "epoch": epoch,
                    "from_ns": from_ns - self._offset_ns,
                    "at_ns": offsets,
                    "last": is_last,
                }
            )

    # ------------------------------------------------------------ from the host
    def _take(self, reply: Mapping[str, Any]) -> None:
        match reply["reply"]:
            case "progress":
                self._progress(reply)
            case "gauges":
                self._events.append(Gauges(dict(reply["values"])))
            case "described":
                facts = reply.get("facts")
                if isinstance(facts, Mapping):
                    self._events.append(Described(str(reply.get("probe")), facts))
            case "began":
                at_ns = int(reply["at_ns"]) + self._offset_ns
                self._begun.add(int(reply["epoch"]))
                self._events.append(EpochBegan(int(reply["epoch"]), at_ns))
            case "ended":
                self._ended(int(reply["epoch"]), int(reply["at_ns"]) + self._offset_ns)
            case "drained":
                self._drained(int(reply["at_ns"]) + self._offset_ns)
            case "sized":
                self._sizing_ns = None
            case "quiet":
                if self._held is not None:
                    self._events.append(SizeReady(int(self._held["epoch"])))
            case "failed":
                self._events.append(Lost(f"the host says: {reply.get('error')}"))

    def _progress(self, reply: Mapping[str, Any]) -> None:
        middle_ns = (int(reply["from_ns"]) + int(reply["to_ns"])) // 2 + self._offset_ns
        for counts in reply["counts"]:
            latencies = {
                name: (pairs[0::2], pairs[1::2])
                for name in ("response", "service", "slip")
                if (pairs := counts.get(name))
            }
            if "service" in latencies:  # a user who waits sends no call late
                latencies.setdefault("response", latencies["service"])
            errors: dict[str, int] = {}
            self._trouble(int(counts["epoch"]), counts["errors"])
            for name, count in counts["errors"].items():
                kind = "timeout" if name == "timeout" else "exception"
                errors[kind] = errors.get(kind, 0) + count
            epoch = int(counts["epoch"])
            self._seconds.add(
                epoch,
                middle_ns,
                fired=counts["fired"],
                ok=counts["ok"],
                errors=errors,
                latencies=latencies,
            )
            if self._open is not None:
                self._open.count(epoch, counts["fired"], counts["dropped"])
        self._in_flight = int(reply["in_flight"])
        self._events.append(
            Progress(
                {JOURNEY: self._seconds.done},
                in_flight=self._in_flight,
                ok=self._seconds.ok,
                errors=self._seconds.errors,
                counts=self._seconds.counts,
                at_ns=int(reply["to_ns"]) + self._offset_ns,
            )
        )
        self._events.extend(self._seconds.cut(middle_ns - COMPLETE_AFTER_NS))

    def _trouble(self, epoch: int, errors: Mapping[str, int]) -> None:
        """Remember the first exception of an epoch by name; the log has its traceback."""
        for name in errors:
            if name != "timeout":
                self._troubles.setdefault(epoch, {}).setdefault("exception", str(name))

    def _ended(self, epoch: int, at_ns: int) -> None:
        """An epoch of the closed model is over; the last one ends the block."""
        if not self._block:  # it had been given up
            return
        self._block = [waiting for waiting in self._block if waiting.index != epoch]
        if epoch in self._begun:
            troubles = self._troubles.pop(epoch, {})
            health = self._health.gauges()
            self._events.append(EpochDone(epoch, at_ns, None, 0, health=health, troubles=troubles))
            self._health.restart()
        if not self._block:
            self._finish()

    def _drained(self, at_ns: int) -> None:
        if self._open is not None:
            self._events.extend(self._open.began(at_ns))
            self._events.extend(self._open.ended(at_ns, self._health, everything=True))
            self._finish()

    def _finish(self) -> None:
        self._block = []
        self._open = None
        self._events.extend(self._seconds.cut())
        self._events.append(BlockDone())

    def _advance(self) -> None:
        """What goes by our own clock: the epochs of the open model, and giving up."""
        at_ns = now_ns()
        if self._open is not None and self._cancelled_ns is None:
            self._events.extend(self._open.ended(at_ns, self._health))
            self._events.extend(self._open.began(at_ns))
        late_ns = None if self._sizing_ns is None else at_ns - self._sizing_ns
        if late_ns is not None and late_ns > self._size_within_ns:
            self._sizing_ns = None
            within = format_duration(self._size_within_ns)
            self._events.append(
                Lost(f"setup() for {self._block[0].stage} did not return within {within}")
            )
        if not self._block or self._cancelled_ns is None:
            return
        if self._has_gone() or at_ns > self._cancelled_ns + CANCEL_WITHIN_NS:
            self._finish()
