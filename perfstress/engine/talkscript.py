"""What a process of load is told of conversations (tcp, sql, ws): steps as plain data."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from perfstress.engine.script import DataScript

MediumName = Literal["tcp", "sql", "ws"]


@dataclass(frozen=True, slots=True)
class TalkStepScript:
    """One act, such as connect or send, with its details, or one pause (``think_ns``).

    ``label`` is unique within its journey; ``what`` is for the medium to read.
    """

    label: str
    act: str = ""
    what: Mapping[str, Any] = field(default_factory=dict)
    capture: Mapping[str, Any] = field(default_factory=dict)
    timeout_ns: int | None = None
    think_ns: int | None = None


@dataclass(frozen=True, slots=True)
class TalkJourneyScript:
    """The steps that one user takes in order."""

    name: str
    steps: tuple[TalkStepScript, ...]


@dataclass(frozen=True, slots=True)
class TalkScript:
    """The whole workload of a process. ``address`` is the one that was resolved and allowed, empty
    where there is none; ``options`` are the medium's own.
    """

    medium: MediumName
    address: str
    options: Mapping[str, Any]
    journeys: tuple[TalkJourneyScript, ...]
    data: tuple[DataScript, ...] = ()
    seed: int = 0

    def as_json(self) -> dict[str, Any]:
        """Plain data, the inverse of ``from_json``."""
        return dataclasses.asdict(self)

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> TalkScript:
        """The script that ``as_json`` wrote."""
        plain = dict(data)
        plain["data"] = tuple(DataScript(**one) for one in data["data"])
        plain["journeys"] = tuple(
            TalkJourneyScript(
                journey["name"], tuple(TalkStepScript(**step) for step in journey["steps"])
            )
            for journey in data["journeys"]
        )
        return TalkScript(**plain)
