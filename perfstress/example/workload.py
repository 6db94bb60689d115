"""The workload of a worked example: what is asked of the target."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from perfstress.example.conversations import Sql, Tcp, Ws
from perfstress.example.data import Data
from perfstress.example.http import Http
from perfstress.example.parts import Count, Name, Part, Text


class Calls(Part):
    """A function called again and again in a hosted process; ``size`` goes to its ``setup``."""

    size: dict[str, Count] = {}
    by: Literal["threads", "tasks"] = "threads"


class Input(Part):
    """The input of a batch: a committed file, or a command that prints it; either has to match its
    checksum.
    """

    file: Text | None = None
    generate: Annotated[list[Text], Field(min_length=1)] | None = None
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


ExitStatus = Annotated[int, Field(ge=0, le=255)]


class RunExpect(Part):
    """What the exit of a batch run must be: a code, or one of several."""

    exit: ExitStatus | Annotated[list[ExitStatus], Field(min_length=1)]

    @property
    def codes(self) -> frozenset[int]:
        """The exit codes that count as done well."""
        return frozenset([self.exit] if isinstance(self.exit, int) else self.exit)


class Runs(Part):
    """A batch command run again and again, a process each; ``input`` becomes ``{input}`` in the
    target's command.
    """

    input: Input | None = None
    expect: RunExpect = RunExpect(exit=0)


class Workload(Part):
    """What is asked of the target: one of http, calls, runs, tcp, sql, ws; or http beside one of
    tcp, sql and ws.
    """

    http: Http | None = None
    calls: Calls | None = None
    runs: Runs | None = None
    tcp: Tcp | None = None
    sql: Sql | None = None
    ws: Ws | None = None

    @property
    def talks(self) -> Tcp | Sql | Ws | None:
        """The journeys that are conversations, whichever they are held over."""
        return self.tcp or self.sql or self.ws

    @property
    def sides(self) -> list[tuple[str, Workload]]:
        """Each workload that stands there, by its key, as if it were the only one."""
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        return [
            (name, self.model_copy(update={other: None for other in given if other != name}))
            for name in given
        ]

    @property
    def data_sets(self) -> tuple[str, dict[Name, Data]]:
        """The kind of the workload as it is written, and its data sets."""
        for kind, part in (
            ("http", self.http),
            ("tcp", self.tcp),
            ("sql", self.sql),
            ("ws", self.ws),
        ):
            if part is not None:
                return kind, part.data
        return "", {}
