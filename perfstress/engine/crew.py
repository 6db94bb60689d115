"""What both loops share in one process: journeys, draws, connections, records and troubles."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from perfstress.engine import talk
from perfstress.engine.compiled import compile_script, load_rows
from perfstress.engine.cookies import Jar
from perfstress.engine.dialling import Dialler
from perfstress.engine.health import Health
from perfstress.engine.people import People
from perfstress.engine.pool import Pool
from perfstress.engine.recorder import Recorder, Track
from perfstress.engine.redirects import Redirects
from perfstress.engine.script import Script
from perfstress.engine.sharing import share
from perfstress.engine.talkscript import TalkScript
from perfstress.engine.templates import Fill
from perfstress.engine.tokens import Tokens
from perfstress.engine.walk import Owner, Walk
from perfstress.plan import Epoch
from perfstress.protocols import DriverEvent, EpochBegan, EpochDone, Lost, Progress
from perfstress.schedule import Draws, RowOrder

Emit = Callable[[DriverEvent], None]


class Crew:
    """Part ``part`` of ``parts`` of a workload, for the whole run."""

    def __init__(
        self,
        script: Script | TalkScript,
        loop: asyncio.AbstractEventLoop,
        emit: Emit,
        *,
        zero_ns: int,
        part: int = 0,
        parts: int = 1,
    ) -> None:
        rows = [load_rows(data) for data in script.data]
        self.tokens: Tokens | None = None
        self._redirects: list[Redirects] = []
        self.walk: Callable[[Owner], Walk] = Walk
        self.pool: Pool
        if isinstance(script, TalkScript):
            spoken = talk.spoken(script, rows, loop, self._lost)
            self.journeys, self.pool, self.walk = spoken.journeys, spoken.lobby, talk.Talk
        else:
            self.journeys = compile_script(script, rows, self._token(script, loop))
            following = [step.redirects for one in self.journeys for step in one.steps]
            self._redirects = [one for one in following if one is not None]
            most = script.route.connections
            most = None if most is None else max(1, share(most, part, parts))
            self.pool = self._pool(script, loop, most)
        for number, journey in enumerate(self.journeys):
            for place, pause in enumerate(journey.pauses):
                pause.seed((script.seed, part, number, place))
        orders = [
            RowOrder(
                len(lines), "shuffled" if data.order == "shuffled" else "sequential", data.seed
            )
            for data, lines in zip(script.data, rows, strict=True)
        ]
        self.loop = loop
        self.emit = emit
        self.part, self.parts = part, parts
        self._settle_users(script, rows)
        del rows  # what is needed of them has been encoded
        self._orders, self._seed = orders, script.seed
        self._own_draws: dict[int, Draws] = {}
        self.draws = Draws(
            [journey.name for journey in self.journeys],
            [journey.reads for journey in self.journeys],
            orders,
            script.seed,
            part,
            parts,
        )
        self.recorder = Recorder(zero_ns, emit)
        self.health = Health()
        self._said: set[str] = set()
        self._troubles: dict[str, str] = {}
        self._told = 0  # how many of them an EpochDone has told

    def _pool(self, script: Script, loop: asyncio.AbstractEventLoop, most: int | None) -> Pool:
        if script.version != "1.1":
            from perfstress.engine.curl import Streams  # delayed: an extra

            return Streams(loop, script, most=most, lost=self._lost)
        return Pool(
            loop,
            Dialler(loop, script),
            keep_alive=script.keep_alive,
            most=most,
            max_body_bytes=script.route.max_body_bytes,
            lost=self._lost,
        )

    def _token(self, script: Script, loop: asyncio.AbstractEventLoop) -> Fill | None:
        if script.oauth2 is None:
            return None
        self.tokens = tokens = Tokens(script.oauth2, loop, self._note)
        return lambda _rows, _captured: tokens.line

    def _settle_users(self, script: Script | TalkScript, rows: Sequence[Sequence[object]]) -> None:
        stays = [journey.stay for journey in self.journeys if journey.stay is not None]
        if not stays or not isinstance(script, Script):
            return
        own = {number for stay in stays for number in stay.rows}
        has_jar = any(stay.jar is not None for stay in stays)
        host, secure = script.host, script.scheme == "https"
        people = People(
            self.part,
            self.parts,
            (lambda: Jar(host, secure=secure)) if has_jar else None,
            min((len(rows[number]) for number in own), default=None),
            self._lost,
        )
        for stay in stays:
            stay.people = people

    def draws_of(self, number: int) -> Draws:
        """The draws of a journey that comes at a rate of its own, the same for the whole run."""
        if number not in self._own_draws:
            journey = self.journeys[number]
            draws = Draws(
                [journey.name],
                [journey.reads],
                self._orders,
                self._seed,
                self.part,
                self.parts,
            )
            draws.change_mix({journey.name: 1.0})
            self._own_draws[number] = draws
        return self._own_draws[number]

    def tracks(self, epoch: Epoch) -> list[Sequence[Track]]:
        """The tracks of every journey in an epoch; those that do not come have none."""
        return [
            self.recorder.tracks(epoch.index, journey.name, journey.labels, journey.first)
            if epoch.mix.get(journey.name) or journey.name in epoch.own
            else ()
            for journey in self.journeys
        ]

    def began(self, epoch: Epoch, at_ns: int) -> None:
        """The first arrival of an epoch is due at this time."""
        self.health.restart()
        self._troubles, self._told = {}, 0
        limits = [step.timeout_ns for one in self.journeys for step in one.steps]
        self.pool.limit(min([epoch.timeout_ns, *filter(None, limits)]))
        self.emit(EpochBegan(epoch.index, at_ns))

    def sent(
        self, epoch: Epoch, at_ns: int, intended: int | None, dropped: int, why: str = ""
    ) -> None:
        """All arrivals of an epoch have been sent."""
        health = {**self.health.gauges(), "retries": float(self.pool.retries)}
        if self._redirects:
            health["redirects"] = float(sum(one.hops for one in self._redirects))
        if self.tokens is not None:
            health |= self.tokens.gauges()
        self.emit(
            EpochDone(epoch.index, at_ns, intended, dropped, why, health, dict(self._troubles))
        )
        self._told = len(self._troubles)

    def late_troubles(self) -> dict[str, str]:
        """The first error of each class that came after the last EpochDone."""
        return dict(list(self._troubles.items())[self._told :])

    def trouble(self, walk: Walk, kind: str, why: str) -> None:
        """Keep the first error of each class as an example for people."""
        if kind not in self._troubles:
            self._note(kind, f"{walk.journey.name}, {walk.step.label}: {why}")

    def _note(self, kind: str, why: str) -> None:
        self._troubles.setdefault(kind, why)

    def progress(self, in_flight: int, at_ns: int = 0) -> Progress:
        """Where it stands, as of the last flush, which was at this time (0: not known)."""
        completed = self.recorder.completed()
        counts: dict[str, int] = {}
        for journey, one in completed.items():
            counts[f"fired.{journey}"] = one.begun
            counts[f"ok.{journey}"] = one.ok
            counts[f"errors.{journey}"] = one.failed
            counts[f"aborted.{journey}"] = one.aborted
        return Progress(
            {journey: one.ended for journey, one in completed.items()},
            in_flight,
            sum(one.ok for one in completed.values()),
            sum(one.failed for one in completed.values()),
            counts,
            at_ns,
        )

    def _lost(self, why: str) -> None:
        if why not in self._said:
            self._said.add(why)
            self.emit(Lost(why))
