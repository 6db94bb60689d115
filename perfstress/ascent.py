"""Watches a climb while it runs, and says when it is over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from perfstress.climbing import Ending, Level, ending, level_of
from perfstress.clock import now_ns
from perfstress.measurement import Interval
from perfstress.plan import Epoch
from perfstress.protocols import DriverEvent, EpochBegan, EpochDone, Progress
from perfstress.units import NS_PER_S, human_count

# What a second brought is told a little after it is over; then nothing of a level is missing.
SETTLED_NS = NS_PER_S // 2


@dataclass(frozen=True, slots=True)
class Over:
    """A climb that is over at ``epoch``: the load has to go on with epoch ``then`` (None: it does
    so by itself), ``left_out`` are the levels that nobody has to visit any more.
    """

    stage: str
    epoch: int
    ending: Ending
    then: int | None
    left_out: tuple[int, ...]


class Ascent:
    """Gathers what the driver tells of a block's climbs; ``over`` asks how it stands."""

    def __init__(self, block: Sequence[Epoch], zero_ns: int) -> None:
        self._block = {epoch.index: epoch for epoch in block}
        self._zero_ns = zero_ns
        self._intervals: list[Interval] = []
        self._began_ns: dict[int, int] = {}
        self._ended: list[EpochDone] = []
        self._levels: dict[str, list[Level]] = {}
        self._over: set[str] = set()
        self._now: Epoch | None = None
        self._in_flight = 0

    @property
    def is_under_way(self) -> bool:
        """Whether a level of a climb is being driven."""
        return self._now is not None and self._now.climbs

    @property
    def has_been(self) -> bool:
        """Whether a climb has begun in this block, be it over or not."""
        return any(self._block[index].climbs for index in self._began_ns)

    def take(self, events: Sequence[DriverEvent]) -> None:
        """Note what has happened."""
        for event in events:
            if isinstance(event, Interval):
                if self.is_under_way or self._ended:
                    self._intervals.append(event)
            elif isinstance(event, EpochBegan):
                self._now = self._block.get(event.epoch)
                self._began_ns[event.epoch] = event.at_ns
            elif isinstance(event, EpochDone):
                if event.epoch in self._block and self._block[event.epoch].climbs:
                    self._ended.append(event)
            elif isinstance(event, Progress):
                self._in_flight = event.in_flight

    def over(self) -> Over | None:
        """The climb that is over now and was not before; None while there is none."""
        epoch = self._now
        if epoch is None:
            return None
        if epoch.climbs and epoch.model == "open" and self._in_flight >= epoch.max_in_flight:
            why = f"max_in_flight of {human_count(epoch.max_in_flight)} was reached"
            return self._left(epoch, Ending("target", why))
        while self._ended and now_ns() - self._ended[0].ended_ns >= SETTLED_NS:
            done = self._ended.pop(0)
            level = self._level(done)
            levels = self._levels.setdefault(self._block[done.epoch].part_of, [])
            levels.append(level)
            if found := ending(levels):
                return self._left(self._block[done.epoch], found)
        return None

    def broke(self, why: str) -> Over | None:
        """The climb under way has broken the target, as is known from elsewhere."""
        if self._now is None or not self._now.climbs:
            return None
        return self._left(self._now, Ending("target", why))

    def _left(self, at: Epoch, found: Ending) -> Over | None:
        if at.part_of in self._over or self._now is None:
            return None
        self._over.add(at.part_of)
        later = [epoch for index, epoch in sorted(self._block.items()) if index > self._now.index]
        levels = tuple(e.index for e in later if e.climbs and e.part_of == at.part_of)
        if self._now.part_of != at.part_of:
            return Over(at.part_of, at.index, found, None, ())  # it had reached its top
        then = next((e.index for e in later if e.index not in levels), None)
        return Over(at.part_of, at.index, found, then, levels)

    def _level(self, done: EpochDone) -> Level:
        began_s = (self._began_ns[done.epoch] - self._zero_ns) / NS_PER_S
        ended_s = (done.ended_ns - self._zero_ns) / NS_PER_S
        health: Mapping[str, float] = done.health
        level = level_of(
            self._block[done.epoch],
            began_s,
            ended_s,
            self._intervals,
            dropped=done.dropped,
            health=health,
        )
        self._intervals = [one for one in self._intervals if one.t_s >= int(ended_s)]
        return level
