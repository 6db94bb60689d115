"""Gets the figures that an invariant relates: from a page of the target, from a database, or from
what a hosted function says of its state.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from perfstress.clock import now_ns
from perfstress.control import get_json, guard
from perfstress.doorways import doorway_of
from perfstress.engine.talk import TalkError
from perfstress.errors import PerfstressError
from perfstress.example import Invariant, WorkedExample
from perfstress.relations import names_of, parse_invariant
from perfstress.substitute import redact, substitute
from perfstress.workloads.sql import database

ANSWER_WITHIN_S = 10.0
GOODBYE_S = 1.5


@dataclass(slots=True)
class State:
    """What a hosted function has told of itself: the last values, when they came, and what was
    counted when those before them had come, which is before these were taken.
    """

    values: dict[str, float] = field(default_factory=dict)
    at_ns: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    counts_then: Mapping[str, int] = field(default_factory=dict)

    def told(self, values: Mapping[str, float], counts: Mapping[str, int]) -> None:
        """New values have come; ``counts`` are those of now."""
        self.values = {**self.values, **values}
        self.at_ns = now_ns()
        self.counts, self.counts_then = self.counts_then, counts


class Witnesses:
    """Where the figures of an example's invariants come from.

    ``values`` are what names such as ``{port}`` stand for, ``folder`` is the example's own.
    """

    def __init__(self, example: WorkedExample, values: Mapping[str, str], folder: Path) -> None:
        self._example = example
        self._values = values
        self._folder = folder

    def ask(self, invariant: Invariant, state: Mapping[str, float]) -> tuple[object, str]:
        """The figures that ``that`` names, and none but them; or else None, and why they could not
        be had. ``state`` is what the hosted function has told last.
        """
        try:
            if invariant.get is not None:
                answer = self._get(invariant.get)
            elif invariant.sql is not None:
                answer = asyncio.run(self._select(invariant.sql, invariant.dsn))
            else:
                answer = {"state": dict(state)}
        except TalkError as error:
            return None, redact(error.why)
        except PerfstressError as error:
            return None, redact(error.message)
        return _needed(answer, invariant.that), ""

    def _get(self, path: str) -> object:
        http = self._example.workload.http
        base = "" if "://" in path or http is None else http.base_url.rstrip("/")
        url = substitute(base + path, self._values, folder=self._folder)
        doorway = doorway_of(http if base else None, self._values, self._folder)
        if doorway.unix is None:
            guard(url, self._example.allow_hosts)
        return get_json(url, ANSWER_WITHIN_S, doorway)

    async def _select(self, query: str, dsn: str | None) -> object:
        """The first row, by column."""
        sql = self._example.workload.sql
        given = dsn if dsn is not None else sql.dsn if sql is not None else ""
        told = substitute(given, self._values, folder=self._folder)
        address, options = database(told, self._example.allow_hosts, self._folder)
        source = self._database(options, address)
        connection = None
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                connection = await source.connect()
                result = await connection.run(query, ())
        except (TimeoutError, TalkError) as error:
            if connection is not None:
                connection.drop()
            if isinstance(error, TalkError):
                raise
            raise TalkError("timeout", f"no answer within {ANSWER_WITHIN_S:g} s") from None
        connection.close()
        if goodbyes := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(goodbyes, timeout=GOODBYE_S)
        return None if result.first is None else {k: _plain(v) for k, v in result.first.items()}

    @staticmethod
    def _database(options: Mapping[str, Any], address: str) -> Any:
        if options["database"] == "sqlite":
            from perfstress.engine.sqlite import Sqlite  # delayed: as few threads as are needed

            return Sqlite(options["path"], 1, asyncio.get_running_loop())
        from perfstress.engine.postgres import Postgres  # delayed: an extra

        return Postgres(options["dsn"], address, lambda _: None)


def _plain(value: object) -> object:
    """A column's value as JSON has it; of a decimal number the nearest float."""
    if isinstance(value, Decimal):
        return float(value)
    return value if isinstance(value, int | float | str) or value is None else str(value)


def _needed(answer: object, that: str) -> object:
    if not isinstance(answer, Mapping):
        return answer
    wanted = {
        name.split(".")[0] for relation in parse_invariant(that) for name in names_of(relation)
    }
    return {key: value for key, value in answer.items() if key in wanted}
