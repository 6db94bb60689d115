"""What a process of load is told: journeys as plain data, with every name and secret put in."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

CaptureFrom = Literal["json", "header", "regex", "cookie"]


@dataclass(frozen=True, slots=True)
class DataScript:
    """Rows of a JSONL file: where, in which order, by which seed."""

    name: str
    path: str
    order: Literal["sequential", "shuffled", "per-user"]
    seed: int


@dataclass(frozen=True, slots=True)
class ExpectScript:
    """What an answer must be; a field that is None, or empty, is not looked at."""

    status: int | list[int] | str | None = None
    json: Mapping[str, Any] | None = None
    contains: str | None = None
    matches: str | None = None
    header: Mapping[str, str] = field(default_factory=dict)
    within_ns: int | None = None
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class StepScript:
    """One request, or one pause (``think_ns``); ``label`` is unique within its journey."""

    label: str
    method: str = ""
    path: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    form: Mapping[str, str] | None = None
    body: str | None = None
    capture: Mapping[str, tuple[CaptureFrom, str]] = field(default_factory=dict)
    expect: ExpectScript = field(default_factory=ExpectScript)
    timeout_ns: int | None = None
    think_ns: int | None = None


@dataclass(frozen=True, slots=True)
class JourneyScript:
    """The steps that one user takes in order; ``on_start`` comes once for each user, before them.
    ``cookies`` are kept for each user.
    """

    name: str
    steps: tuple[StepScript, ...]
    on_start: tuple[StepScript, ...] = ()
    cookies: bool = False


@dataclass(frozen=True, slots=True)
class Script:
    """The whole workload of a process, and the one address that it may talk to.

    ``address`` is the address that was resolved and allowed; ``host`` is what the server is told.
    """

    scheme: Literal["http", "https"]
    host: str
    port: int
    address: str
    journeys: tuple[JourneyScript, ...]
    data: tuple[DataScript, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    prefix: str = ""
    keep_alive: bool = True
    seed: int = 0

    def as_json(self) -> dict[str, Any]:
        """Plain data, the inverse of ``from_json``."""
        return dataclasses.asdict(self)

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Script:
        """The script that ``as_json`` wrote."""
        plain = dict(data)
        plain["data"] = tuple(DataScript(**one) for one in data["data"])
        plain["journeys"] = tuple(_journey(journey) for journey in data["journeys"])
        return Script(**plain)


def _journey(data: Mapping[str, Any]) -> JourneyScript:
    plain = dict(data)
    for key in ("steps", "on_start"):
        plain[key] = tuple(_step(step) for step in data[key])
    return JourneyScript(**plain)


def _step(data: Mapping[str, Any]) -> StepScript:
    plain = dict(data)
    plain["expect"] = ExpectScript(**data["expect"])
    plain["capture"] = {name: tuple(pair) for name, pair in data["capture"].items()}
    return StepScript(**plain)
