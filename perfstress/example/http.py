"""Journeys over HTTP, as an example writes them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from perfstress.example.data import Data
from perfstress.example.parts import (
    Count,
    DurationNs,
    HttpVersion,
    Name,
    Part,
    RateHz,
    SizeBytes,
    Text,
)


class Expect(Part):
    """What an answer must be; a status may be a template, ``json`` maps JMESPath to a value."""

    status: int | list[int] | str | None = None
    json_: dict[str, Any] | None = Field(default=None, alias="json")
    contains: Text | None = None
    matches: Text | None = None
    header: dict[str, str] = {}
    within: DurationNs | None = None
    size: SizeBytes | None = None


class Capture(Part):
    """A value taken from an answer: exactly one of JMESPath on the body, a header's name, a regular
    expression's first group, the name of a cookie that the answer sets.
    """

    json_: Text | None = Field(default=None, alias="json")
    header: Text | None = None
    regex: Text | None = None
    cookie: Text | None = None


Hops = Annotated[int, Field(ge=0, le=20, strict=True)]
Method = Literal["get", "post", "put", "patch", "delete", "head", "options"]
METHODS: tuple[Method, ...] = ("get", "post", "put", "patch", "delete", "head", "options")


class Think(Part):
    """A pause that differs each time, drawn from the seed: exactly one of ``uniform`` (the shortest
    and the longest) and ``exponential`` (the mean).
    """

    uniform: Annotated[list[DurationNs], Field(min_length=2, max_length=2)] | None = None
    exponential: DurationNs | None = None


class Upload(Part):
    """A file in a body, the content of a field; ``name`` and ``type`` are what the server is told
    of it in a multipart body.
    """

    file: Text
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    name: Text | None = None
    type: Text | None = None


class BodyFile(Part):
    """A file that is the body."""

    file: Text
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None


class Abort(Part):
    """Gives the request up on purpose: ``after`` a time, or when so many ``bytes`` of its body have
    been sent (of the answer's have come, where it has none), or so long after those. The client
    hangs up, with an RST where ``reset`` says so.
    """

    after: DurationNs | None = None
    bytes: SizeBytes | None = None
    reset: bool = False


class Step(Part):
    """One request or one pause: exactly one of the methods (its value is the path) or ``think``."""

    get: Text | None = None
    post: Text | None = None
    put: Text | None = None
    patch: Text | None = None
    delete: Text | None = None
    head: Text | None = None
    options: Text | None = None
    think: DurationNs | Think | None = None
    name: Name | None = None
    headers: dict[str, str] = {}
    json_: Any = Field(default=None, alias="json")
    form: dict[str, str] | None = None
    body: str | BodyFile | None = None
    multipart: Annotated[dict[str, str | Upload], Field(min_length=1)] | None = None
    capture: dict[str, Text | Capture] = {}
    expect: Expect | None = None
    timeout: DurationNs | None = None
    redirects: Hops | None = None
    abort: Abort | None = None

    @property
    def method(self) -> Method | None:
        """The one method that is set, or None for a pause."""
        return next((method for method in METHODS if getattr(self, method) is not None), None)

    @property
    def path(self) -> str:
        """What stands behind the method."""
        return str(getattr(self, self.method)) if self.method else ""


class Journey(Part):
    """Steps that one user takes in order; ``weight`` is its share of the arrivals, or ``rate`` lets
    it come beside those of the shape (open model). ``headers`` go with each of its requests.
    ``on_start`` comes once for each user, before its first journey;
    ``cookies`` are kept for each user. ``pacing`` lets each user begin it once in such a time.
    """

    weight: Annotated[float, Field(gt=0)] = 1.0
    rate: RateHz | None = None
    pacing: DurationNs | None = None
    headers: dict[str, str] = {}
    cookies: bool | None = None
    on_start: list[Step] = []
    steps: Annotated[list[Step], Field(min_length=1)]


class Tls(Part):
    """How TLS is spoken with an https target: PEM files, paths from the example's own folder.

    ``ca`` is trusted in place of the system's own; ``insecure`` trusts anybody, and is told in
    every report; ``cert`` with ``key`` is what the client shows.
    """

    ca: Text | None = None
    insecure: bool = False
    server_name: Text | None = None
    cert: Text | None = None
    key: Text | None = None


class Basic(Part):
    """A user and a password, sent with every request."""

    user: Text
    password: Text


class OAuth2(Part):
    """Client credentials, for which ``token_url`` gives a token."""

    token_url: Text
    client_id: Text
    client_secret: Text
    scope: Text | None = None


class Auth(Part):
    """How requests show who asks: exactly one of these."""

    basic: Basic | None = None
    bearer: Text | None = None
    oauth2: OAuth2 | None = None


class Http(Part):
    """Journeys over HTTP. ``setup`` and ``teardown`` are steps taken once for the whole run,
    before and after the load. ``cookies`` holds for the journeys that do not say otherwise;
    ``compressed`` asks for gzip and deflate.

    ``connections`` is the most that the open model opens at once; who finds none free waits, and
    the wait counts. ``unix`` is the path of a socket to connect to in place of ``base_url``'s host;
    ``source_addresses`` are those that connections come from, in turn; a body of more than
    ``max_body`` is an error. ``version`` 2 and 3 need the extra ``http3``; their users share
    connections.
    """

    base_url: Text
    version: HttpVersion = "1.1"
    data: dict[Name, Data] = {}
    headers: dict[str, str] = {}
    cookies: bool = False
    compressed: bool = False
    redirects: Hops = 0
    auth: Auth | None = None
    setup: list[Step] = []
    teardown: list[Step] = []
    journeys: Annotated[dict[Name, Journey], Field(min_length=1)]
    keep_alive: bool = True
    connections: Count | None = None
    tls: Tls = Tls()
    unix: Text | None = None
    source_addresses: Annotated[list[Text], Field(min_length=1)] | None = None
    proxy: Text | None = None
    max_body: Annotated[SizeBytes, Field(ge=1)] | None = None

    @property
    def files(self) -> list[str]:
        """The files that are sent in bodies."""
        groups = [self.setup, self.teardown]
        for journey in self.journeys.values():
            groups += [journey.on_start, journey.steps]
        found: list[str] = []
        for step in (step for group in groups for step in group):
            sent = [step.body, *(step.multipart or {}).values()]
            found += [one.file for one in sent if isinstance(one, BodyFile | Upload)]
        return found
