"""One journey under way: a small state machine that sends a step when the last was answered."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from perfstress.clock import now_ns
from perfstress.engine.compiled import Journey, Step
from perfstress.engine.recorder import Track
from perfstress.engine.redirects import RedirectError, path_of, with_cookies
from perfstress.engine.templates import RenderError
from perfstress.engine.uploads import Streamed

if TYPE_CHECKING:
    from perfstress.engine.http1 import Connection
    from perfstress.engine.people import Stay, User
    from perfstress.engine.pool import Pool


class Owner(Protocol):
    """The loop that sends walks on their way and hears of their end."""

    pool: Pool
    loop: asyncio.AbstractEventLoop

    def ended(self, walk: Walk, at_ns: int, kind: str) -> None: ...
    def trouble(self, walk: Walk, kind: str, why: str) -> None: ...


class Walk:
    """A walk is used again for another journey when it has ended.

    ``intended_ns`` of the first step is when the arrival was due, or when the user was ready;
    of the others when the step before was answered and the pause was over. The closed loop keeps in
    ``began_ns`` when the last journey began, and in ``turns`` how many are left of epoch
    ``turns_of``.
    """

    __slots__ = (
        "_at",
        "_hops",
        "_hops_of_ns",
        "_last",
        "_owner",
        "_request",
        "_timer",
        "_track",
        "began_ns",
        "captured",
        "connection",
        "epoch",
        "failed_ns",
        "fired_ns",
        "intended_ns",
        "journey",
        "retried",
        "rows",
        "setback_ns",
        "step",
        "timeout_ns",
        "tracks",
        "turns",
        "turns_of",
        "user",
    )

    step: Step
    journey: Journey

    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self._timer: asyncio.TimerHandle | None = None
        self._request = b""
        self.connection: Connection | None = None
        self.user: User | None = None
        self.rows: tuple[int, ...] = ()
        self.captured: list[Any] = []
        self.intended_ns = self.fired_ns = self.timeout_ns = 0
        self.retried = False
        self.failed_ns = self.setback_ns = 0
        self.epoch = 0
        self.began_ns = 0
        self.turns_of, self.turns = -1, 0
        self._at = self._last = 0
        self._hops = self._hops_of_ns = 0
        self.tracks: Sequence[Track] = ()

    def begin(
        self,
        journey: Journey,
        rows: tuple[int, ...],
        tracks: Sequence[Track],
        epoch: int,
        timeout_ns: int,
        due_ns: int,
        at_ns: int,
    ) -> None:
        """Set out on a journey that was due at ``due_ns``; it is ``at_ns`` now."""
        self.journey = journey
        self.rows = rows
        self.tracks = tracks
        self.epoch = epoch
        self.timeout_ns = timeout_ns
        if journey.slots:
            self.captured = [None] * journey.slots
        self._at = 0
        if (stay := journey.stay) is not None:
            self._stay(stay)
        self._last = len(journey.steps) - 1
        self._go(due_ns, at_ns)

    def _stay(self, stay: Stay) -> None:
        assert stay.people is not None
        if self.user is None:
            self.user = stay.people.take()
        self._at, self.captured, self.rows = stay.begin(self.user, self.rows)

    def again(self, due_ns: int, at_ns: int) -> None:
        """The same journey of one step once more, in the same epoch, with the same rows."""
        connection = self.connection
        static = self.step.static
        if connection is None or static is None:
            self._at = 0
            self._go(due_ns, at_ns)
            return
        self.intended_ns = due_ns
        self.fired_ns = at_ns
        self.retried = False
        self._track.fired.append(at_ns)
        if connection.exchange is self:
            connection.write(static)
        else:  # the parser was needed, and has put the connection to rest
            self._request = static
            connection.send(self, self.step, static)

    def _go(self, due_ns: int, at_ns: int) -> None:
        self.step = step = self.journey.steps[self._at]
        self._track = self.tracks[self._at]
        if step.think_ns:
            if self.connection is not None:
                self.connection.rest()
            think_ns = step.think_ns if step.pause is None else step.pause.draw()
            self._timer = self._owner.loop.call_later(
                think_ns / 1e9, self._think_over, due_ns + think_ns
            )
            return
        self._send(due_ns, at_ns)

    def _think_over(self, due_ns: int) -> None:
        at_ns = now_ns()
        self._timer = None
        # uvloop's timers may be a millisecond early; that is when the user is ready then
        self._send(min(due_ns, at_ns), at_ns)

    def _send(self, due_ns: int, at_ns: int) -> None:
        step = self.step
        self.intended_ns = due_ns
        self.fired_ns = at_ns
        self.retried = False
        self._track.fired.append(at_ns)
        request = step.static
        if request is None:
            try:
                request = step.build(self.rows, self.captured)  # type: ignore[misc]
            except RenderError as error:
                self.failed("check", str(error), 0, at_ns)
                return
        self._request = request
        connection = self.connection
        if connection is None or connection.transport.is_closing():
            connection = self._owner.pool.take()
            if connection is None:
                self.connection = None
                self._owner.pool.connect(self)
                return
            self.connection = connection
        connection.send(self, step, request)

    # ------------------------------------------------------------ heard from the connection
    def connected(self, connection: Connection) -> None:
        """The connection that was asked for is there."""
        self.connection = connection
        connection.send(self, self.step, self._request)

    def spent(self, phase: str, ns: int) -> None:
        """The request that is under way has spent so long on a phase before its answer."""
        self._track.phases.spent(self.fired_ns, phase, ns)

    def succeeded(self, at_ns: int) -> None:
        """The whole answer came in one read and is right."""
        self._track.done.extend((self.intended_ns, self.fired_ns, at_ns, at_ns))
        if self._at < self._last:
            self._at += 1
            self._go(at_ns, at_ns)
        else:
            self._owner.ended(self, at_ns, "")

    def answered(self, first_byte_ns: int, at_ns: int) -> None:
        """The whole answer is there and right."""
        self._track.done.extend((self.intended_ns, self.fired_ns, first_byte_ns, at_ns))
        if self._at < self._last:
            self._at += 1
            self._go(at_ns, at_ns)
        else:
            self._owner.ended(self, at_ns, "")

    def redirected(self, status: int, location: str, first_byte_ns: int, at_ns: int) -> None:
        """The answer sends us elsewhere. The request goes on as the same attempt: what it takes in
        all is charged to the step.
        """
        step = self.step
        assert step.redirects is not None
        if self._hops_of_ns != self.fired_ns:
            self._hops_of_ns, self._hops = self.fired_ns, 0
        try:
            request = step.redirects.following(self._request, status, location, self._hops)
            if isinstance(self._request, Streamed) and not request.startswith(b"GET "):
                raise RedirectError(f"answered {status}, and a streamed body is not sent twice")
        except RedirectError as error:
            self.failed("status", str(error), first_byte_ns, at_ns)
            return
        self._hops += 1
        line = step.checks.cookies_for(path_of(request), self.captured)
        self._request = request if line is None else with_cookies(request, line)
        self.retried = False
        connection = self.connection
        if connection is None or connection.transport.is_closing():
            connection = self.connection = self._owner.pool.take()
            if connection is None:
                self._owner.pool.connect(self)
                return
        connection.send(self, step, self._request)

    def failed(self, kind: str, why: str, first_byte_ns: int, at_ns: int) -> None:
        """The attempt ended with an error, and the journey with it."""
        self._track.failed(kind, self.intended_ns, self.fired_ns, first_byte_ns, at_ns)
        self._owner.trouble(self, kind, why)
        self._owner.ended(self, at_ns, kind)

    def aborted(self, at_ns: int) -> None:
        """The attempt was given up on purpose, and the journey goes on."""
        self._track.gave_up(at_ns)
        if self._at < self._last:
            self._at += 1
            self._go(at_ns, at_ns)
        else:
            self._owner.ended(self, at_ns, "")

    def stop(self) -> None:
        """Wait for nothing any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def let_go(self) -> None:
        """Give the connection back to the pool."""
        if self.connection is not None:
            self._owner.pool.release(self.connection)
            self.connection = None
        if self.user is not None:
            self.user.people.let_go(self.user)
            self.user = None

    def leave(self) -> None:
        """Close the connection: a user who has gone keeps nothing open."""
        if self.connection is not None:
            self.connection.rest()
            self.connection.transport.close()
            self.connection = None
        if self.user is not None:
            self.user.people.let_go(self.user)
            self.user = None
