"""Conversations: journeys whose steps are coroutines on a medium such as a socket or a database.

They are driven by the same loops and recorded in the same tracks as requests. A step is fired when
its coroutine begins, and done when it returns.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol, cast

from perfstress.clock import now_ns
from perfstress.engine.compiled import Journey, Step
from perfstress.engine.pool import Pool
from perfstress.engine.recorder import Track
from perfstress.engine.talkscript import TalkJourneyScript, TalkScript, TalkStepScript
from perfstress.engine.templates import Names, RenderError
from perfstress.engine.walk import Owner, Walk
from perfstress.errors import UsageError

_FOREVER_NS = 2**62

Lost = Callable[[str], None]


class TalkError(Exception):
    """A step that ended with an error of class ``kind``."""

    def __init__(self, kind: str, why: str) -> None:
        super().__init__(why)
        self.kind = kind
        self.why = why


class Session(Protocol):
    """What one journey holds while it goes on."""

    def leave(self, well: bool) -> None:
        """The journey is over; ``well`` says that every step did what it should."""


Act = Callable[["Talk"], Awaitable[None]]


class Medium(Protocol):
    """What conversations of one process are held over.

    ``compile`` gives what a step does, and how much longer than its timeout it may take; raises
    UsageError. ``close_idle`` closes what no journey holds; ``drop`` closes everything at once.
    """

    def compile(
        self, step: TalkStepScript, names: Names, slots: dict[str, int]
    ) -> tuple[Act, int]: ...
    def session(self) -> Session: ...
    def close_idle(self) -> None: ...
    def drop(self) -> None: ...


class TalkStep(Step):
    """One act; ``longer_ns`` is added to the timeout, for acts that take their time on purpose."""

    __slots__ = ("act", "longer_ns")

    def __init__(self, step: TalkStepScript, act: Act, longer_ns: int, think_ns: int) -> None:
        self.label = step.label
        self.static = self.build = None
        self.think_ns = think_ns
        self.timeout_ns = step.timeout_ns
        self.act = act
        self.longer_ns = longer_ns


class Lobby(Pool):
    """In place of a pool of connections: the conversations under way, and their medium."""

    def __init__(self, loop: asyncio.AbstractEventLoop, medium: Medium, lost: Lost) -> None:
        super().__init__(loop, None, lost=lost)
        self.medium = medium
        self.talks: dict[Talk, None] = {}

    def time_out(self, at_ns: int) -> None:
        """End every step that has taken too long; to be called now and then."""
        for talk in [talk for talk in self.talks if at_ns > talk.until_ns]:
            talk.late()

    def close_idle(self) -> None:
        """Close what nobody uses, so that the target has nothing of ours open at a floor."""
        self.medium.close_idle()

    def drop_all(self) -> None:
        """Close everything at once; whoever waits hears nothing more."""
        for talk in list(self.talks):
            talk.stop()
        self.talks.clear()
        self.medium.drop()


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a crew needs of a script of conversations."""

    journeys: list[Journey]
    lobby: Lobby


def spoken(
    script: TalkScript,
    rows: Sequence[Sequence[Any]],
    loop: asyncio.AbstractEventLoop,
    lost: Lost,
) -> Spoken:
    """Every journey, ready; raises UsageError for what cannot be said."""
    # by name, because one medium must not cost the imports of the others
    module = import_module(f"perfstress.engine.{script.medium}")
    medium: Medium = module.open_medium(script.address, script.options, loop, lost)
    journeys = [_journey(journey, script, rows, medium) for journey in script.journeys]
    return Spoken(journeys, Lobby(loop, medium, lost))


def _journey(
    journey: TalkJourneyScript,
    script: TalkScript,
    rows: Sequence[Sequence[Any]],
    medium: Medium,
) -> Journey:
    files = {data.name: number for number, data in enumerate(script.data)}
    known: dict[str, int] = {}
    used: set[int] = set()
    steps: list[Step] = []
    pause_ns = 0
    for number, step in enumerate(journey.steps):
        pause_ns += step.think_ns or 0
        if not step.act:
            continue
        names = Names(files, rows, dict(known), used)
        for name in step.capture:
            known.setdefault(name, len(known))
        try:
            act, longer_ns = medium.compile(step, names, known)
        except UsageError as error:
            where = f"journeys.{journey.name}.steps[{number}]"
            raise UsageError(
                f"{where}: {error.message}", hint=error.hint, slug=error.slug
            ) from error
        steps.append(TalkStep(step, act, longer_ns, pause_ns))
        pause_ns = 0
    return Journey(journey.name, tuple(steps), tuple(sorted(used)), len(known), pause_ns)


class Talk(Walk):
    """A walk whose steps are coroutines, one task for a journey.

    ``first_byte_ns`` is set by acts that know when the answer began.
    """

    __slots__ = ("_is_late", "_lobby", "_task", "first_byte_ns", "session", "until_ns")

    step: TalkStep
    session: Any

    def __init__(self, owner: Owner) -> None:
        super().__init__(owner)
        self._lobby = cast(Lobby, owner.pool)
        self._task: asyncio.Task[None] | None = None
        self._is_late = False
        self.until_ns = _FOREVER_NS
        self.first_byte_ns = 0

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
        self.captured = [None] * journey.slots
        self._is_late = False
        self._lobby.talks[self] = None
        self._task = self._owner.loop.create_task(self._talk(due_ns))

    async def _talk(self, due_ns: int) -> None:
        self.session = self._lobby.medium.session()
        kind = why = ""
        try:
            for number, step in enumerate(self.journey.steps):
                due_ns = await self._take(cast(TalkStep, step), self.tracks[number], due_ns)
        except TalkError as error:
            kind, why = error.kind, error.why
        except RenderError as error:
            kind, why = "check", str(error)
        except asyncio.CancelledError:
            if not self._is_late:
                self._over(well=False)
                return  # nobody waits for it any more
            limit_ns = (self.step.timeout_ns or self.timeout_ns) + self.step.longer_ns
            kind, why = "timeout", f"not done after {limit_ns / 1e9:g} s"
        except Exception as error:  # of a library, for a value it cannot take; nobody may hang
            kind, why = "check", f"{type(error).__name__}: {error}"
        at_ns = now_ns()
        self._over(well=not kind)
        if kind:
            self.failed(kind, why, self.first_byte_ns, at_ns)
        else:
            self._owner.ended(self, due_ns, "")

    async def _take(self, step: TalkStep, track: Track, due_ns: int) -> int:
        """Take one step that is due after its pause; when it was done."""
        if step.think_ns:
            due_ns += step.think_ns
            await asyncio.sleep(max(0.0, (due_ns - now_ns()) / 1e9))
            due_ns = min(due_ns, now_ns())  # uvloop's timers may be a millisecond early
        self.step = step
        self._track = track
        self.first_byte_ns = 0
        self.intended_ns = due_ns
        self.fired_ns = fired_ns = now_ns()
        track.fired.append(fired_ns)
        self.until_ns = fired_ns + (step.timeout_ns or self.timeout_ns) + step.longer_ns
        await step.act(self)
        at_ns = now_ns()
        self.until_ns = _FOREVER_NS
        track.done.extend((due_ns, fired_ns, self.first_byte_ns or at_ns, at_ns))
        return at_ns

    def _over(self, *, well: bool) -> None:
        self.until_ns = _FOREVER_NS
        self._lobby.talks.pop(self, None)
        self._task = None
        self.session.leave(well)

    def again(self, due_ns: int, at_ns: int) -> None:
        """Never asked for: no step of a conversation is the same bytes for every user."""
        raise AssertionError

    def late(self) -> None:
        """The step has taken too long."""
        if self._task is not None and not self._is_late:
            self._is_late = True
            self._task.cancel()

    def stop(self) -> None:
        """Wait for nothing any more."""
        if self._task is not None and not self._is_late:
            self._task.cancel()
        self._is_late = False

    def let_go(self) -> None:
        """A journey has left its session when it ends."""

    def leave(self) -> None:
        """A journey has left its session when it ends."""


__all__ = ["Act", "Lobby", "Medium", "Session", "Spoken", "Talk", "TalkError", "spoken"]
