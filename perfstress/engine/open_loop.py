"""The open model: arrivals come when they are due, whether or not the target has answered."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Sequence

from perfstress.clock import now_ns
from perfstress.engine.alarm import Alarm
from perfstress.engine.crew import Crew
from perfstress.engine.recorder import Track
from perfstress.engine.sharing import share
from perfstress.engine.streams import Streams, own_arrivals
from perfstress.engine.walk import Walk
from perfstress.plan import Epoch
from perfstress.schedule import Draws, Stripe, arrivals_of


class OpenLoop:
    """Drives one block of epochs of the open model; ``over`` is called when nothing is in flight.

    Each time the alarm rings everything that is due is fired. An arrival that finds
    ``max_in_flight`` journeys under way is dropped, and counted.
    """

    def __init__(
        self, crew: Crew, block: Sequence[Epoch], at_ns: int, over: Callable[[], None]
    ) -> None:
        self.pool = crew.pool
        self.loop = crew.loop
        self.trouble = crew.trouble
        self.in_flight = 0
        self._crew = crew
        self._next = crew.draws.next
        self._block = list(block)
        self._over = over
        self._free: list[Walk] = []
        self._under_way: set[Walk] = set()
        self._alarm = Alarm(crew.loop, self._tick)
        self._epoch: Epoch | None = None
        self._cancelled = False
        self._enter(at_ns)
        self._wait()

    # ------------------------------------------------------------ epochs
    def _enter(self, at_ns: int) -> None:
        crew = self._crew
        self._epoch = epoch = self._block.pop(0)
        self._began_ns = at_ns
        self._told = False
        self._intended = self._dropped = 0
        self._tracks: list[Sequence[Track]] = crew.tracks(epoch)
        if epoch.mix:
            crew.draws.change_mix(epoch.mix)
        shape = Stripe(arrivals_of(epoch), crew.part, crew.parts)
        self._chunks: Stripe | Streams = shape
        self._next = crew.draws.next
        if epoch.own:
            self._chunks = streams = Streams(shape, crew.draws, self._own(epoch))
            self._next = streams.draw
        self._most = share(epoch.max_in_flight, crew.part, crew.parts)
        self._dues: list[int] = []
        self._at = 0
        self._ends_ns: int | None = None
        self._left_ns: int | None = None
        self._load()

    def _own(self, epoch: Epoch) -> list[tuple[int, Stripe, Draws]]:
        crew = self._crew
        return [
            (
                number,
                own_arrivals(epoch, journey.name, number, crew.part, crew.parts),
                crew.draws_of(number),
            )
            for number, journey in enumerate(crew.journeys)
            if journey.name in epoch.own
        ]

    def _load(self) -> None:
        """Have the next due times at hand, or know when the epoch ends."""
        chunk = next(self._chunks, None)
        if chunk is not None:
            self._dues = (chunk + self._began_ns).tolist()
            self._at = 0
            return
        last_ns = self._began_ns + self._chunks.last_ns
        self._dues, self._at = [], 0
        assert self._epoch is not None
        self._ends_ns = _end_ns(self._epoch, self._began_ns, last_ns)

    def _leave(self) -> None:
        assert self._epoch is not None
        assert self._ends_ns is not None
        why = ""
        if self._dropped:
            why = f"max_in_flight of {self._epoch.max_in_flight} was reached"
            if self._crew.parts > 1:
                why += f" ({self._most} in one of {self._crew.parts} processes)"
        self._crew.sent(self._epoch, self._ends_ns, self._intended, self._dropped, why)
        if isinstance(self._chunks, Streams):
            self._chunks.settle(self._left_ns)
        elif self._left_ns is None:
            self._crew.draws.settle(self._chunks.seen)
        else:
            self._crew.draws.settle(self._chunks.seen_before(self._left_ns))
        ended_ns = self._ends_ns
        self._epoch = None
        if self._block:
            self._enter(ended_ns)

    # ------------------------------------------------------------ time
    def _wait(self) -> None:
        due_ns = self._dues[self._at] if self._at < len(self._dues) else self._ends_ns
        # with neither, the next chunk of due times has to be loaded
        self._alarm.set(self._began_ns if due_ns is None else due_ns)

    def _tick(self) -> None:
        at_ns = now_ns()
        if not self._told and self._epoch is not None and at_ns >= self._began_ns:
            self._told = True
            self._crew.began(self._epoch, self._began_ns)
        while self._epoch is not None:
            if self._at < len(self._dues):
                if self._dues[self._at] > at_ns:
                    break
                self._fire(at_ns)
            elif self._ends_ns is None:
                self._load()
            elif self._ends_ns <= at_ns:
                self._leave()
                if self._epoch is not None:
                    self._told = True
                    self._crew.began(self._epoch, self._began_ns)
            else:
                break
        if self._epoch is not None:
            self._wait()
        else:
            self._alarm.close()
            if not self.in_flight:
                self._finish()

    def _fire(self, at_ns: int) -> None:
        """Send everything in the chunk that is due."""
        epoch, dues, at = self._epoch, self._dues, self._at
        assert epoch is not None
        journeys, tracks, draw = self._crew.journeys, self._tracks, self._next
        index, timeout_ns, most = epoch.index, epoch.timeout_ns, self._most
        while at < len(dues) and dues[at] <= at_ns:
            due_ns = dues[at]
            at += 1
            self._intended += 1
            number, rows = draw()
            if self.in_flight >= most:
                self._dropped += 1
                continue
            self.in_flight += 1
            walk = self._free.pop() if self._free else self._crew.walk(self)
            self._under_way.add(walk)
            walk.begin(journeys[number], rows, tracks[number], index, timeout_ns, due_ns, now_ns())
        self._at = at

    def go_on(self, index: int, at_ns: int) -> None:
        """Leave the epoch at this time and go on with epoch ``index``. What is in flight stays, and
        so does what has piled up in the target.
        """
        epoch = self._epoch
        if self._cancelled or epoch is None or epoch.index >= index:
            return
        self._block = [later for later in self._block if later.index >= index]
        while self._ends_ns is None and (not self._dues or self._dues[-1] < at_ns):
            due = self._dues[self._at :]
            self._load()
            self._dues, self._at = [*due, *self._dues], 0
        del self._dues[max(self._at, bisect.bisect_left(self._dues, at_ns)) :]
        if self._ends_ns is None or at_ns < self._ends_ns:
            self._ends_ns = max(at_ns, self._began_ns)
            self._left_ns = self._ends_ns - self._began_ns
        self._wait()

    # ------------------------------------------------------------ the end of things
    def ended(self, walk: Walk, _at_ns: int, _kind: str) -> None:
        """A journey has ended, well or not."""
        walk.let_go()
        self._under_way.discard(walk)
        self._free.append(walk)
        self.in_flight -= 1
        if not self.in_flight and self._epoch is None and not self._cancelled:
            # not at once: the connection is still in the middle of telling us
            self.loop.call_soon(self._finish)

    def _finish(self) -> None:
        if not self.in_flight and self._epoch is None and not self._cancelled:
            self._cancelled = True
            self._over()

    def turn(self, _at_ns: int) -> None:
        """Called every 50 ms; the open loop has an alarm of its own."""

    def cancel(self) -> None:
        """Send nothing more, wait for nothing more."""
        if self._cancelled:
            return
        self._cancelled = True
        self._alarm.close()
        for walk in self._under_way:
            walk.stop()
        self.pool.drop_all()
        self.in_flight = 0
        if self._epoch is not None and self._told:
            self._ends_ns = now_ns()
            self._block.clear()
            self._leave()
        self._over()


def _end_ns(epoch: Epoch, began_ns: int, last_ns: int) -> int:
    """When an epoch ends: after its duration, or one mean gap after the last of its operations."""
    by_time = None if epoch.duration_ns is None else began_ns + epoch.duration_ns
    if epoch.ops is None or epoch.kind == "idle":
        assert by_time is not None
        return by_time
    mean_hz = (epoch.start_level + epoch.end_level) / 2
    took_ns = round(epoch.ops / mean_hz * 1e9) if mean_hz else 0
    by_work = max(last_ns, began_ns + took_ns)
    return by_work if by_time is None else min(by_time, by_work)
