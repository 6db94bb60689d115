"""Conversations over TCP, SQL and WebSocket, as an example writes them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from perfstress.example.data import Data
from perfstress.example.http import Tls
from perfstress.example.parts import Count, DurationNs, Name, Part, Text


class TcpSend(Part):
    """Bytes to send: exactly one of text, hexadecimal digits and a committed file; ``after`` is a
    pause before them.
    """

    text: str | None = None
    hex: Text | None = None
    file: Text | None = None
    after: DurationNs | None = None


class TcpExpect(Part):
    """What has to come: so many ``bytes``, everything ``until`` a mark, a text that it
    ``contains``; or that the other side closes.
    """

    bytes: Count | None = None
    until: Text | None = None
    contains: Text | None = None
    closed: Literal[True] | None = None


class TcpStep(Part):
    """One act of a client, or a pause: exactly one of these keys, besides name and timeout."""

    connect: Literal[True] | None = None
    send: Text | TcpSend | None = None
    expect: TcpExpect | None = None
    half_close: Literal[True] | None = None
    hold: DurationNs | None = None
    reset: Literal[True] | None = None
    close: Literal[True] | None = None
    think: DurationNs | None = None
    name: Name | None = None
    timeout: DurationNs | None = None


class TcpJourney(Part):
    """What one client does in order; ``weight`` is its share of the arrivals."""

    weight: Annotated[float, Field(gt=0)] = 1.0
    steps: Annotated[list[TcpStep], Field(min_length=1)]


class Tcp(Part):
    """Clients on plain TCP: what they send, and how they wait, fall silent and hang up."""

    address: Text
    data: dict[Name, Data] = {}
    journeys: Annotated[dict[Name, TcpJourney], Field(min_length=1)]

    @property
    def files(self) -> list[str]:
        """The files that are sent."""
        steps = [step for journey in self.journeys.values() for step in journey.steps]
        sent = [step.send for step in steps if isinstance(step.send, TcpSend)]
        return [send.file for send in sent if send.file is not None]


class SqlExpect(Part):
    """What a statement must give: so many ``rows`` (returned or, without any columns, changed), and
    columns of the ``first`` of them with their values.
    """

    rows: Annotated[int, Field(ge=0, strict=True)] | None = None
    first: dict[str, Any] = {}


class SqlStep(Part):
    """One statement, one word of a transaction, or a pause: exactly one of query, transaction and
    think. ``capture`` maps names to columns of the first row.
    """

    query: Text | None = None
    transaction: Literal["begin", "commit", "rollback"] | None = None
    think: DurationNs | None = None
    params: list[Any] = []
    expect: SqlExpect | None = None
    capture: dict[str, Text] = {}
    name: Name | None = None
    timeout: DurationNs | None = None


class SqlJourney(Part):
    """The statements of one user in order; ``weight`` is its share of the arrivals."""

    weight: Annotated[float, Field(gt=0)] = 1.0
    steps: Annotated[list[SqlStep], Field(min_length=1)]


class Sql(Part):
    """Statements on a database; each process of load shares so many ``connections`` among its
    journeys.
    """

    dsn: Text
    connections: Annotated[int, Field(ge=1, le=10_000, strict=True)] = 10
    data: dict[Name, Data] = {}
    journeys: Annotated[dict[Name, SqlJourney], Field(min_length=1)]

    @property
    def files(self) -> list[str]:
        """Nothing is read but the data sets."""
        return []


class WsExpect(Part):
    """What the next message has to hold: a text, values by JMESPath; or that the server closes."""

    contains: Text | None = None
    json_: dict[str, Any] | None = Field(default=None, alias="json")
    closed: Literal[True] | None = None


class WsStep(Part):
    """One act of a WebSocket client, or a pause: exactly one of connect (a path), send, expect,
    ping, hold, close and think. ``capture`` maps names to JMESPath on the message.
    """

    connect: Text | None = None
    send: Text | TcpSend | None = None
    expect: WsExpect | None = None
    ping: Literal[True] | None = None
    hold: DurationNs | None = None
    close: Literal[True] | None = None
    think: DurationNs | None = None
    headers: dict[str, str] = {}
    capture: dict[str, Text] = {}
    name: Name | None = None
    timeout: DurationNs | None = None


class WsJourney(Part):
    """What one client does in order; ``weight`` is its share of the arrivals."""

    weight: Annotated[float, Field(gt=0)] = 1.0
    steps: Annotated[list[WsStep], Field(min_length=1)]


class Ws(Part):
    """Clients on WebSocket: ``ws://`` or ``wss://``."""

    base_url: Text
    headers: dict[str, str] = {}
    tls: Tls = Tls()
    data: dict[Name, Data] = {}
    journeys: Annotated[dict[Name, WsJourney], Field(min_length=1)]

    @property
    def files(self) -> list[str]:
        """The files that are sent."""
        steps = [step for journey in self.journeys.values() for step in journey.steps]
        sent = [step.send for step in steps if isinstance(step.send, TcpSend)]
        return [send.file for send in sent if send.file is not None]
