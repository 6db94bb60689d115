"""What a process of load is told: journeys as plain data, with every name and secret put in."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from perfstress.engine.pauses import Spread

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
class FileScript:
    """A file in a body; ``name`` and ``type`` are what a part of a multipart body is told to be."""

    path: str
    name: str = ""
    type: str = ""


@dataclass(frozen=True, slots=True)
class AbortScript:
    """How a request is given up on purpose: after a time, after so many bytes of its body (of the
    answer's, where it has none), or so long after those bytes; by an RST with ``reset``.
    """

    after_ns: int | None = None
    bytes: int | None = None
    reset: bool = False


@dataclass(frozen=True, slots=True)
class StepScript:
    """One request, or one pause (``think_ns``; the mean of one that has a ``spread``); ``label`` is
    unique within its journey.
    """

    label: str
    method: str = ""
    path: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    form: Mapping[str, str] | None = None
    body: str | FileScript | None = None
    multipart: Mapping[str, str | FileScript] | None = None
    capture: Mapping[str, tuple[CaptureFrom, str]] = field(default_factory=dict)
    expect: ExpectScript = field(default_factory=ExpectScript)
    timeout_ns: int | None = None
    redirects: int = 0
    think_ns: int | None = None
    spread: Spread | None = None
    abort: AbortScript | None = None


@dataclass(frozen=True, slots=True)
class JourneyScript:
    """The steps that one user takes in order; ``on_start`` comes once for each user, before them.
    ``cookies`` are kept for each user.
    """

    name: str
    steps: tuple[StepScript, ...]
    on_start: tuple[StepScript, ...] = ()
    cookies: bool = False
    pacing_ns: int = 0


@dataclass(frozen=True, slots=True)
class OAuth2Script:
    """Where a token is got for client credentials."""

    token_url: str
    client_id: str
    client_secret: str
    scope: str = ""


@dataclass(frozen=True, slots=True)
class TlsScript:
    """How TLS is spoken: PEM files by path, and the name that the certificate has to have."""

    ca: str | None = None
    insecure: bool = False
    server_name: str | None = None
    cert: str | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class ProxyScript:
    """A proxy for plain HTTP; ``address`` is the one that was resolved and allowed."""

    host: str
    port: int
    address: str


@dataclass(frozen=True, slots=True)
class RouteScript:
    """How connections get to the target: at most ``connections`` of one process at once, from
    ``sources`` in turn, through a ``proxy`` or to the Unix socket ``unix``. A body of more than
    ``max_body_bytes`` is an error.
    """

    tls: TlsScript = TlsScript()
    unix: str | None = None
    sources: tuple[str, ...] = ()
    proxy: ProxyScript | None = None
    connections: int | None = None
    max_body_bytes: int | None = None

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> RouteScript:
        """The route that ``dataclasses.asdict`` wrote."""
        proxy = data["proxy"]
        return RouteScript(
            **{
                **data,
                "tls": TlsScript(**data["tls"]),
                "sources": tuple(data["sources"]),
                "proxy": None if proxy is None else ProxyScript(**proxy),
            }
        )


@dataclass(frozen=True, slots=True)
class Script:
    """The whole workload of a process, and the one address that it may talk to.

    ``address`` is the address that was resolved and allowed; ``host`` is what the server is told.
    ``constants`` are names that stand for the same value in every request.
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
    oauth2: OAuth2Script | None = None
    constants: Mapping[str, Any] = field(default_factory=dict)
    route: RouteScript = RouteScript()
    version: Literal["1.1", "2", "3"] = "1.1"

    def as_json(self) -> dict[str, Any]:
        """Plain data, the inverse of ``from_json``."""
        return dataclasses.asdict(self)

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Script:
        """The script that ``as_json`` wrote."""
        plain = dict(data)
        plain["data"] = tuple(DataScript(**one) for one in data["data"])
        plain["journeys"] = tuple(_journey(journey) for journey in data["journeys"])
        if data.get("oauth2") is not None:
            plain["oauth2"] = OAuth2Script(**data["oauth2"])
        plain["route"] = RouteScript.from_json(data["route"])
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
    if plain.get("spread"):
        kind, figures = plain["spread"]
        plain["spread"] = (kind, tuple(figures))
    plain["body"] = _file(data["body"])
    if data.get("abort") is not None:
        plain["abort"] = AbortScript(**data["abort"])
    if data["multipart"] is not None:
        plain["multipart"] = {name: _file(part) for name, part in data["multipart"].items()}
    return StepScript(**plain)


def _file(data: Any) -> Any:
    return FileScript(**data) if isinstance(data, Mapping) else data
