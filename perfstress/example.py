"""The worked example: the authored YAML as a frozen model, unknown keys forbidden.

Only the shape of the document is said here. What a document means together (scale-true, concrete,
names that refer to each other) is in ``rules``; where each value stands in the file is in
``yamlio``.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from perfstress.units import parse_duration, parse_rate, parse_size
from perfstress.verdict import FindingClass

Kind = Literal["load", "soak", "spike", "stress", "sweep", "interaction", "wrap"]

# Words of the contract that a later version will take; an example that uses one is refused by name.
KINDS_NOT_YET: tuple[str, ...] = ("stress", "sweep", "interaction", "wrap")
WORKLOADS_NOT_YET: tuple[str, ...] = ()
HTTP_NOT_YET: tuple[str, ...] = ()
PROBES_NOT_YET: tuple[str, ...] = ("postgres", "redis", "json", "log", "cgroup", "host")
KEYS_NOT_YET: tuple[str, ...] = ("faults", "counters", "size", "journeys")

DurationNs = Annotated[
    int,
    BeforeValidator(parse_duration),
    WithJsonSchema({"type": "string", "description": "a duration: 250ms, 30s, 5m, 1h30m, 14d"}),
]
SizeBytes = Annotated[
    int,
    BeforeValidator(parse_size),
    WithJsonSchema({"type": ["string", "integer"], "description": "a size: 64KiB, 10MB, 1GiB"}),
]
RateHz = Annotated[
    float,
    BeforeValidator(parse_rate),
    WithJsonSchema({"type": "string", "description": "a rate: 50/s, 3000/m, 2M/day"}),
]
HttpVersion = Annotated[
    Literal["1.1", "2", "3"],
    BeforeValidator(lambda given: str(given) if type(given) in (int, float) else given),
    WithJsonSchema({"enum": ["1.1", "2", "3", 1.1, 2, 3]}),
]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=80)]
Text = Annotated[str, Field(min_length=1)]
Count = Annotated[int, Field(ge=1, strict=True)]


class Part(BaseModel):
    """A part of the document: frozen, unknown keys are errors, no value is converted behind the
    author's back.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False)


# ---------------------------------------------------------------- what production will see
class Production(Part):
    """The production envelope: what production will see, and how we know."""

    rate: RateHz
    concurrency: Count
    size: dict[str, Count] = {}
    operations: Count | None = None
    horizon: DurationNs
    source: Text
    waive: dict[Literal["rate", "concurrency", "size", "duration"], Text] = {}


class Implementation(Part):
    """The files whose first commit has to come after this example's."""

    paths: Annotated[list[Text], Field(min_length=1)]


# ---------------------------------------------------------------- the target
class Build(Part):
    """How the target's environment is built: once per state of the folder, cached."""

    run: Annotated[list[Text], Field(min_length=1)]
    into: Literal["venv", "node_modules"] | None = None
    within: DurationNs = 600 * 10**9


class PythonCall(Part):
    """A Python function hosted in a process of its own; ``module:function``, resolved with ``cwd``
    on the path.
    """

    call: Annotated[str, Field(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")]
    setup: Annotated[str, Field(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")] | None = None
    state: Annotated[str, Field(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")] | None = None


class NodeCall(Part):
    """A Node function hosted in a process of its own; ``./module.js#function``."""

    call: Annotated[str, Field(pattern=r"^[^#]+#[A-Za-z_$][\w$]*$")]
    setup: Annotated[str, Field(pattern=r"^[^#]+#[A-Za-z_$][\w$]*$")] | None = None
    state: Annotated[str, Field(pattern=r"^[^#]+#[A-Za-z_$][\w$]*$")] | None = None


class Attach(Part):
    """A target that runs already: exactly one of a process, a listening port, or an address watched
    from outside.
    """

    pid: Count | None = None
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    url: Text | None = None


class Ready(Part):
    """When the target counts as ready: a GET answers 2xx (``get``), a port accepts (``port``), or
    the log has a line (``log``).
    """

    get: Text | None = None
    port: Text | int | None = None
    log: Text | None = None
    within: DurationNs = 30 * 10**9


class Limits(Part):
    """What the target has in production; growth is judged against these."""

    memory: SizeBytes | None = None
    open_files: Count | None = None
    threads: Count | None = None
    processes: Count | None = None
    connections: Count | None = None
    disk: SizeBytes | None = None


class Stop(Part):
    """How the target is asked to end, and how long it may take before it is killed."""

    signal: Literal["TERM", "INT", "QUIT", "HUP", "KILL"] = "TERM"
    within: DurationNs = 10 * 10**9


class Probe(Part):
    """One probe besides those that always watch: exactly one key."""

    prometheus: Text | None = None


class Target(Part):
    """What is stressed: exactly one of command, python, node, attach."""

    build: Build | None = None
    command: Annotated[list[Text], Field(min_length=1)] | None = None
    python: PythonCall | None = None
    node: NodeCall | None = None
    attach: Attach | None = None
    cwd: Text | None = None
    env: dict[str, str] = {}
    ready: Ready | None = None
    limits: Limits = Limits()
    stop: Stop = Stop()
    probes: list[Probe] = []
    disk: list[Text] = []


# ---------------------------------------------------------------- the workload
class Data(Part):
    """Rows for the journeys: a committed file with its checksum, drawn in a seeded order, starting
    over at the end; ``per-user`` gives each user one row for the whole run.
    """

    file: Text
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    order: Literal["sequential", "shuffled", "per-user"] = "sequential"
    seed: int | None = None
    measure: dict[str, Text] = {}


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


class Runs(Part):
    """A batch command run again and again, a process each; ``input`` becomes ``{input}`` in the
    target's command.
    """

    input: Input | None = None


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


class Workload(Part):
    """What is asked of the target: exactly one of http, calls, runs, tcp, sql, ws."""

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


# ---------------------------------------------------------------- the shape
Arrivals = Literal["poisson", "uniform"]


class Stairs(Part):
    """Levels one after another, ``each`` for the same time: ``from``, ``from`` + ``by`` and so on
    to ``to``, the last one never beyond it. Going down, ``by`` is taken off.
    """

    from_: RateHz | Count = Field(alias="from")
    to: RateHz | Count
    by: RateHz | Count
    each: DurationNs

    @property
    def levels(self) -> list[float]:
        """Every level in order."""
        span = self.to - self.from_
        count = math.ceil(abs(span) / self.by - 1e-9) if self.by else 0
        sign = 1 if span >= 0 else -1
        return [*(self.from_ + sign * self.by * number for number in range(count)), self.to]


class RecordedArrivals(Part):
    """Times at which requests came in production: a committed file with one offset in seconds a
    line, or an access log.
    """

    file: Text
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Stage(Part):
    """A stretch of the schedule: a level (``rate`` or ``users``), a ramp (``from``, ``to``),
    ``steps`` of levels, recorded ``arrivals``, or a ``pause`` in which nothing comes; ``for`` a
    time, ``ops`` an amount, or ``iterations`` of each user.
    """

    name: Name
    rate: RateHz | None = None
    users: Count | None = None
    from_: RateHz | Count | None = Field(default=None, alias="from")
    to: RateHz | Count | None = None
    steps: Stairs | None = None
    pause: DurationNs | None = None
    for_: DurationNs | None = Field(default=None, alias="for")
    ops: Count | None = None
    iterations: Count | None = None
    arrivals: Arrivals | RecordedArrivals | None = None
    mix: dict[Name, Annotated[float, Field(gt=0)]] | None = None
    warmup: bool = False

    @property
    def recorded(self) -> RecordedArrivals | None:
        """The recorded arrivals, where there are any."""
        return self.arrivals if isinstance(self.arrivals, RecordedArrivals) else None

    @property
    def flat(self) -> list[Stage]:
        """A stage of steps as the stages that it stands for, ``name-1`` and so on; any other as it
        is.
        """
        if self.steps is None:
            return [self]
        level = "users" if isinstance(self.steps.from_, int) else "rate"
        return [
            self.model_copy(
                update={
                    "name": f"{self.name}-{number}",
                    level: type(self.steps.from_)(height),
                    "for_": self.steps.each,
                    "steps": None,
                }
            )
            for number, height in enumerate(self.steps.levels, 1)
        ]


class Shape(Part):
    """How much, how long, how many at once, in what order; by how many ``processes`` of load
    (``auto``: one for each core beside the target), each held on a core with ``pin``.
    """

    model: Literal["open", "closed"]
    arrivals: Arrivals = "poisson"
    seed: int
    epochs: Annotated[int, Field(ge=4, le=64, strict=True)] | None = None
    stages: Annotated[list[Stage], Field(min_length=1)]
    max_in_flight: Count = 10_000
    timeout: DurationNs = 30 * 10**9
    processes: Literal["auto"] | Annotated[int, Field(ge=1, le=64, strict=True)] = 1
    pin: bool = False

    @property
    def flat(self) -> list[Stage]:
        """The stages with all steps taken apart."""
        return [one for stage in self.stages for one in stage.flat]


class Invariant(Part):
    """An equality that must hold when all is done: ``that`` relates what ``get`` answers to what
    was counted (``ok.buy``).
    """

    get: Text
    that: Text


class InvariantCriterion(Part):
    """The mapping form of a line of ``success``."""

    invariant: Invariant


# ---------------------------------------------------------------- the document
class WorkedExample(Part):
    """One committed, concrete, full-scale input with its condition for success."""

    perfstress: Literal[1]
    name: Name
    title: Text
    kind: Kind
    phase: Name | None = None
    hunts: list[FindingClass] = []
    production: Production
    implementation: Implementation
    target: Target
    workload: Workload
    shape: Shape
    success: Annotated[list[Text | InvariantCriterion], Field(min_length=1)]
    allow_hosts: list[Text] = []
