"""What goes wrong on purpose while load comes, and the services that a target stands on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from perfstress.example.parts import DurationNs, Name, Part, Text
from perfstress.units import parse_throughput

Throughput = Annotated[
    int,
    BeforeValidator(parse_throughput),
    WithJsonSchema({"type": "string", "description": "bytes a second: 64KiB/s, 1MB/s"}),
]
FaultSignal = Literal["STOP", "CONT", "KILL", "TERM", "INT", "QUIT", "HUP", "USR1", "USR2"]

# What a fault goes to when it does not say.
TARGET = "target"


class Service(Part):
    """Something the target stands on, such as its database: where it listens. The target reaches it
    through a proxy of perfstress, whose port is ``{NAME.port}``.
    """

    address: Text


class ProxyFault(Part):
    """What the proxy before a service does: answers come ``delay`` later, at so many bytes a second
    in all (``throttle``), or not at all: ``cut`` resets what is connected and refuses the rest.
    """

    delay: DurationNs | None = None
    throttle: Throughput | None = None
    cut: Literal[True] | None = None


class Fault(Part):
    """One thing that goes wrong, ``at`` a time from the start of the load, or of the stage named by
    ``during``: exactly one of run (a command), signal, restart and proxy; ``signal`` may stand
    beside ``restart``. It lasts ``for`` a time and goes ``to`` the target or a service.
    """

    name: Name | None = None
    at: DurationNs
    during: Name | None = None
    run: Annotated[list[Text], Field(min_length=1)] | None = None
    signal: FaultSignal | None = None
    restart: Literal[True] | None = None
    proxy: ProxyFault | None = None
    for_: DurationNs | None = Field(default=None, alias="for")
    to: Name = TARGET

    @property
    def act(self) -> str:
        """The key that says what is done."""
        return next(
            key for key in ("restart", "run", "signal", "proxy") if getattr(self, key) is not None
        )


def fault_names(faults: Sequence[Fault]) -> list[str]:
    """What each fault is called: its name, or ``fault-1`` and so on by its place."""
    return [fault.name or f"fault-{number}" for number, fault in enumerate(faults, 1)]
