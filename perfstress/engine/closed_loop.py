"""The closed model: users who wait for the answer, think, and go on."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence

from perfstress.clock import now_ns
from perfstress.engine.crew import Crew
from perfstress.engine.recorder import Track
from perfstress.engine.sharing import share, share_of_work
from perfstress.engine.sleepers import Sleepers
from perfstress.engine.walk import Walk
from perfstress.plan import Epoch

# A user whose connection failed tries again after a pause that doubles up to this: a target that is
# down must not be hammered by a loop that has nothing to wait for.
_FIRST_SETBACK_NS = 1_000_000
_LONGEST_SETBACK_NS = 100_000_000
_FOREVER_NS = 2**62
_NO_EPOCH = -1


class ClosedLoop:
    """Drives one block of epochs of the closed model; ``over`` is called when all users are done.

    A user keeps a connection of its own. Where journeys hold pauses, the users of the first epoch
    set out evenly over one mean pause, so that they do not come all at once.
    """

    def __init__(
        self, crew: Crew, block: Sequence[Epoch], at_ns: int, over: Callable[[], None]
    ) -> None:
        self.pool = crew.pool
        self.loop = crew.loop
        self.trouble = crew.trouble
        self._crew = crew
        self._block = list(block)
        self._over = over
        self._users: set[Walk] = set()
        self._pausing = Sleepers(crew.loop, self._paused)
        self._wanted = 0
        self._epoch: Epoch | None = None
        self._cancelled = False
        self._index = -1
        self._left = 0
        self._until_ns = at_ns
        self._is_plain = False
        self._same = _NO_EPOCH
        self._start: asyncio.TimerHandle | None = None
        self._wait_for_start(at_ns)

    @property
    def in_flight(self) -> int:
        """Users in the middle of a journey."""
        return len(self._users) - len(self._pausing)

    def _wait_for_start(self, at_ns: int) -> None:
        early_ns = at_ns - now_ns()
        if early_ns > 0:
            self._start = self.loop.call_later(early_ns / 1e9, self._wait_for_start, at_ns)
            return
        self._start = None
        self._enter(at_ns)
        self._set_out(at_ns, spread=True)

    # ------------------------------------------------------------ epochs
    def _enter(self, at_ns: int) -> None:
        crew = self._crew
        self._epoch = epoch = self._block.pop(0)
        self._index = epoch.index
        self._began_ns = at_ns
        self._until_ns = _FOREVER_NS if epoch.duration_ns is None else at_ns + epoch.duration_ns
        ops = epoch.ops if epoch.kind != "idle" else 0
        users = round(max(epoch.start_level, epoch.end_level))
        self._share = (
            _FOREVER_NS if ops is None else share_of_work(ops, users, crew.part, crew.parts)
        )
        self._left = self._share
        self._gone = 0  # users who have had all their turns
        self._tracks: list[Sequence[Track]] = crew.tracks(epoch)
        crew.draws.change_mix(epoch.mix)
        coming = [journey for journey in crew.journeys if epoch.mix.get(journey.name)]
        only = coming[0]
        # One request that never changes, again and again: the short way round in ended().
        self._is_plain = (
            len(coming) == 1
            and len(only.steps) == 1
            and not (only.reads or only.slots or only.rest_ns or only.steps[0].think_ns)
            and not (only.pacing_ns or epoch.iterations)
            and only.steps[0].static is not None
            and only.steps[0].redirects is None
        )
        self._want(self._level(at_ns))
        crew.began(epoch, at_ns)

    def _want(self, users: int) -> None:
        """So many users from now on; nobody takes the short way while somebody has to go."""
        self._wanted = users
        short = self._is_plain and len(self._users) <= users
        self._same = self._index if short else _NO_EPOCH

    def _level(self, at_ns: int) -> int:
        """How many users there should be now in this process."""
        epoch = self._epoch
        if epoch is None or epoch.kind == "idle":
            return 0
        gone = 0.0
        if epoch.start_level != epoch.end_level:
            if epoch.duration_ns is not None:
                gone = (at_ns - self._began_ns) / epoch.duration_ns
            elif self._share:
                gone = 1 - self._left / self._share
        level = epoch.start_level + (epoch.end_level - epoch.start_level) * min(max(gone, 0.0), 1.0)
        return share(math.floor(level + 0.5), self._crew.part, self._crew.parts) - self._gone

    def _is_over(self, at_ns: int) -> bool:
        if self._epoch is None:
            return True
        if at_ns >= self._until_ns:
            return True
        return self._left <= 0 and self._epoch.kind != "idle"

    def _leave(self, at_ns: int) -> None:
        assert self._epoch is not None
        ended_ns = min(at_ns, self._until_ns)
        self._crew.sent(self._epoch, ended_ns, None, 0)
        self._epoch = None
        if self._block:
            self._enter(ended_ns)
        else:
            self._want(0)
            for walk in list(self._pausing):
                self._retire(walk)

    # ------------------------------------------------------------ users
    def _set_out(self, at_ns: int, *, spread: bool = False) -> None:
        missing = self._wanted - len(self._users)
        pause_ns = self._mean_pause_ns() if spread and missing > 1 else 0
        for number in range(missing):
            walk = self._crew.walk(self)
            self._users.add(walk)
            if pause_ns:
                self._pause(walk, at_ns + pause_ns * number // missing, pause_ns)
            else:
                self._next(walk, at_ns, now_ns())
                if self._epoch is None:
                    return

    def _mean_pause_ns(self) -> int:
        epoch = self._epoch
        assert epoch is not None
        weight = pause = 0.0
        for journey in self._crew.journeys:
            share = epoch.mix.get(journey.name, 0.0)
            weight += share
            thinks_ns = sum(step.think_ns for step in journey.steps[journey.first :])
            pause += share * max(journey.rest_ns + thinks_ns, journey.pacing_ns)
        whole_ns = round(pause / weight) if weight else 0
        return whole_ns if epoch.duration_ns is None else min(whole_ns, epoch.duration_ns // 4)

    def _next(self, walk: Walk, due_ns: int, at_ns: int) -> None:
        """Send a user on the next journey, if there is one left."""
        while self._is_over(at_ns):
            if self._epoch is None:
                self._retire(walk)
                return
            self._leave(at_ns)
            if walk not in self._users:
                return
        if len(self._users) > self._wanted:
            self._retire(walk)
            return
        epoch = self._epoch
        assert epoch is not None
        if epoch.iterations and not self._takes_turn(walk, epoch.iterations):
            return
        self._left -= 1
        number, rows = self._crew.draws.next()
        walk.began_ns = due_ns
        walk.begin(
            self._crew.journeys[number],
            rows,
            self._tracks[number],
            epoch.index,
            epoch.timeout_ns,
            due_ns,
            at_ns,
        )

    def _takes_turn(self, walk: Walk, iterations: int) -> bool:
        """Whether this user has one of its turns in the epoch left; one who has none goes."""
        if walk.turns_of != self._index:
            walk.turns_of, walk.turns = self._index, iterations
        if walk.turns:
            walk.turns -= 1
            return True
        self._gone += 1
        self._want(self._wanted - 1)
        self._retire(walk)
        return False

    def ended(self, walk: Walk, at_ns: int, kind: str) -> None:
        """A user's journey has ended; the next one begins at once, or after a pause."""
        if kind:
            self._after_error(walk, at_ns, kind)
            return
        if self._same == walk.epoch and self._left > 0 and at_ns < self._until_ns:
            self._left -= 1
            walk.again(at_ns, at_ns)
            return
        ready_ns = self._ready_ns(walk, at_ns)
        if ready_ns > at_ns and self._epoch is not None:
            self._pause(walk, ready_ns, ready_ns - at_ns)
        else:
            self._next(walk, at_ns, at_ns)

    def _ready_ns(self, walk: Walk, at_ns: int) -> int:
        """When a user who has ended a journey sets out on the next."""
        journey = walk.journey
        rest_ns = journey.rest_ns if journey.rest is None else journey.rest.draw()
        if journey.pacing_ns:
            return max(at_ns + rest_ns, walk.began_ns + journey.pacing_ns)
        return at_ns + rest_ns

    def _after_error(self, walk: Walk, at_ns: int, kind: str) -> None:
        ready_ns = self._ready_ns(walk, at_ns)
        if kind in ("connect", "tls", "reset", "protocol", "size"):
            lately = at_ns - walk.failed_ns < 10 * _LONGEST_SETBACK_NS
            before = walk.setback_ns if lately else _FIRST_SETBACK_NS // 2
            walk.setback_ns = min(2 * before, _LONGEST_SETBACK_NS)
            walk.failed_ns = at_ns
            ready_ns = max(ready_ns, at_ns + walk.setback_ns)
        # A pause of nothing still goes over the event loop: an error may come while sending.
        self._pause(walk, ready_ns)

    def _pause(self, walk: Walk, due_ns: int, pause_ns: int = 0) -> None:
        if walk.connection is not None:
            walk.connection.rest()
        self._pausing.add(walk, due_ns, pause_ns)

    def _paused(self, walk: Walk, due_ns: int, at_ns: int) -> None:
        # users may be woken a little early; that is when they are ready then
        self._next(walk, min(due_ns, at_ns), at_ns)

    def _retire(self, walk: Walk) -> None:
        self._pausing.discard(walk)
        self._users.discard(walk)
        self._want(self._wanted)
        walk.leave()
        if not self._users and self._epoch is None and not self._cancelled:
            self.loop.call_soon(self._finish)

    # ------------------------------------------------------------ time
    def turn(self, at_ns: int) -> None:
        """Called every 50 ms: follow a ramp, end what is over though nobody comes back."""
        if self._epoch is None or at_ns < self._began_ns:
            return
        while self._epoch is not None and self._is_over(at_ns):
            self._leave(at_ns)
        if self._epoch is None:
            if not self._users:
                self._finish()
            return
        self._want(self._level(at_ns))
        if (surplus := len(self._users) - self._wanted) > 0:
            for walk in list(self._pausing)[:surplus]:
                self._retire(walk)
        self._set_out(at_ns)

    def go_on(self, index: int, at_ns: int) -> None:
        """Leave the epoch at this time and go on with epoch ``index``; no journey is given up."""
        epoch = self._epoch
        if self._cancelled or epoch is None or epoch.index >= index:
            return
        self._block = [later for later in self._block if later.index >= index]
        self._until_ns = min(self._until_ns, max(at_ns, self._began_ns))

    def _finish(self) -> None:
        if not self._cancelled and not self._users and self._epoch is None:
            self._cancelled = True
            self._over()

    def cancel(self) -> None:
        """Send nothing more, wait for nothing more."""
        if self._cancelled:
            return
        self._cancelled = True
        if self._start is not None:
            self._start.cancel()
        for walk in self._users:
            walk.stop()
        self._pausing.clear()
        self._users.clear()
        self.pool.drop_all()
        if self._epoch is not None:
            self._block.clear()
            self._leave(now_ns())
        self._over()
