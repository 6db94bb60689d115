"""Journeys ready to be driven: requests serialised once, templates cut into segments."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from perfstress.engine.checks import Checks
from perfstress.engine.giving_up import abandoned
from perfstress.engine.known import Known
from perfstress.engine.pauses import Pause, Spread, mean_ns
from perfstress.engine.people import Stay
from perfstress.engine.redirects import Redirects
from perfstress.engine.script import DataScript, FileScript, JourneyScript, Script, StepScript
from perfstress.engine.templates import (
    Fill,
    Names,
    Segment,
    in_body,
    in_form,
    in_header,
    in_path,
    joined,
    literal_path,
)
from perfstress.engine.uploads import FilePiece, Streamed, boundary_of, file_piece, part_head
from perfstress.errors import UsageError
from perfstress.rows import RowsError, read_rows
from perfstress.version import __version__

Build = Callable[[Sequence[int], Sequence[Any]], bytes]

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# Slots of a journey beside what its steps capture; no capture can have these names.
_JAR, _DONE = " jar", " done"

_OWN_HEADERS = frozenset({"content-length", "transfer-encoding"})


class Step:
    """One request of a journey.

    ``static`` is the whole request when nothing in it changes, else ``build`` makes it. ``known``
    is what has been learned of its answers.
    """

    __slots__ = (
        "build",
        "checks",
        "is_head",
        "known",
        "label",
        "pause",
        "redirects",
        "static",
        "think_ns",
        "timeout_ns",
    )

    def __init__(
        self,
        label: str,
        static: bytes | None,
        build: Build | None,
        checks: Checks,
        *,
        is_head: bool,
        think_ns: int,
        timeout_ns: int | None,
    ) -> None:
        self.label = label
        self.static = static
        self.build = build
        self.checks = checks
        self.is_head = is_head
        self.think_ns = think_ns
        self.pause: Pause | None = None
        self.timeout_ns = timeout_ns
        self.redirects: Redirects | None = None
        self.known = Known()


class Journey:
    """The requests of one journey in order. ``think_ns`` of a step is the pause before it;
    ``rest_ns`` the pause after the last. ``reads`` are the numbers of the data files it draws from.
    ``stay`` is there when users keep something from one journey to the next. Where a pause is not
    always the same, ``think_ns`` and ``rest_ns`` are its mean, and ``pause`` of the step and
    ``rest`` draw it. In the closed model a user begins it once in ``pacing_ns``.
    """

    __slots__ = (
        "captures",
        "labels",
        "name",
        "pacing_ns",
        "pauses",
        "reads",
        "rest",
        "rest_ns",
        "slots",
        "stay",
        "steps",
    )

    def __init__(
        self,
        name: str,
        steps: tuple[Step, ...],
        reads: tuple[int, ...],
        slots: int,
        rest_ns: int,
        stay: Stay | None = None,
    ) -> None:
        self.name = name
        self.steps = steps
        self.labels = tuple(step.label for step in steps)
        self.reads = reads
        self.slots = slots
        self.rest_ns = rest_ns
        self.stay = stay
        self.captures: dict[str, int] = {}  # slots by name
        self.rest: Pause | None = None
        self.pacing_ns = 0
        self.pauses: list[Pause] = []  # those that are drawn anew each time

    @property
    def first(self) -> int:
        """The first step that every operation takes; those before it come once for each user."""
        return self.stay.first if self.stay is not None else 0


def load_rows(data: DataScript) -> list[Any]:
    """The rows of a data file; raises UsageError."""
    try:
        return read_rows(Path(data.path))
    except RowsError as error:
        raise UsageError(
            f"data.{data.name}: {data.path} {error.message}", hint=error.hint, slug="bad-data"
        ) from error


def compile_script(
    script: Script, rows: Sequence[Sequence[Any]], token: Fill | None = None
) -> list[Journey]:
    """Every journey, ready; raises UsageError for what cannot be sent. ``token`` gives the header
    of a token that changes from time to time.
    """
    return [_journey(journey, script, rows, token) for journey in script.journeys]


def _journey(
    journey: JourneyScript, script: Script, rows: Sequence[Sequence[Any]], token: Fill | None
) -> Journey:
    files = {data.name: number for number, data in enumerate(script.data)}
    known: dict[str, int] = {_JAR: 0} if journey.cookies else {}
    used: set[int] = set()
    steps: list[Step] = []
    keeps: tuple[int, ...] = ()
    pause_ns = first = done = 0
    spreads: list[Spread] = []
    for part in ("on_start", "steps"):
        for number, step in enumerate(getattr(journey, part)):
            if step.think_ns is not None:
                pause_ns += step.think_ns
                spreads += [] if step.spread is None else [step.spread]
                continue
            # a step may name what earlier steps have captured, not what it captures itself
            names = Names(files, rows, dict(known), used, script.constants)
            for name in step.capture:
                known.setdefault(name, len(known))
            try:
                steps.append(_step(step, script, names, known, pause_ns, token))
            except UsageError as error:
                where = f"journeys.{journey.name}.{part}[{number}]"
                raise UsageError(
                    f"{where}: {error.message}", hint=error.hint, slug=error.slug
                ) from error
            steps[-1].pause = _pause(pause_ns, spreads)
            pause_ns, spreads = 0, []
        if part == "on_start" and steps:
            first, keeps = len(steps), tuple(known.values())
            done = known[_DONE] = len(known)
            steps[-1].checks.fill(done)
    if len(steps) == first:
        raise UsageError(
            f"journeys.{journey.name}: nothing but pauses", hint="add a request", slug="no-request"
        )
    own = tuple(number for number in sorted(used) if script.data[number].order == "per-user")
    drawn = tuple(number for number in sorted(used) if number not in own)
    stay = None
    if first or own or journey.cookies:
        stay = Stay(
            journey.name,
            len(known),
            first=first,
            done=done,
            keeps=(*keeps, done),
            jar=known.get(_JAR),
            rows=own,
        )
    ready = Journey(journey.name, tuple(steps), drawn, len(known), pause_ns, stay)
    ready.captures = {name: slot for name, slot in known.items() if not name.startswith(" ")}
    ready.rest = _pause(pause_ns, spreads)
    ready.pacing_ns = journey.pacing_ns
    drawn_anew = (*(step.pause for step in steps), ready.rest)
    ready.pauses = [pause for pause in drawn_anew if pause is not None]
    return ready


def _pause(whole_ns: int, spreads: Sequence[Spread]) -> Pause | None:
    """What draws the pauses that are ``whole_ns`` together in the mean; None where they are always
    the same.
    """
    if not spreads:
        return None
    return Pause(whole_ns - sum(mean_ns(spread) for spread in spreads), spreads)


def _step(
    step: StepScript,
    script: Script,
    names: Names,
    slots: dict[str, int],
    pause_ns: int,
    token: Fill | None,
) -> Step:
    head, body = _head(step, script, names), _body(step, names)
    given = {name.lower() for name in (*script.headers, *step.headers)}
    if token is not None and "authorization" not in given:
        head.append(token)
    checks = Checks(step, names, slots)
    if (jar := slots.get(_JAR)) is not None:
        path_of = _path_of(names.segments(script.prefix + step.path, in_path, literal_path))
        checks.keep_cookies(jar, path_of)
        if "cookie" not in given:
            head.append(lambda rows, captured: captured[jar].header(path_of(rows, captured)))
    static, build = _request(head, body)
    if step.abort is not None:
        static, build = None, abandoned(static, build, step.abort)
    ready = Step(
        step.label,
        static,
        build,
        checks,
        is_head=step.method == "head",
        think_ns=pause_ns,
        timeout_ns=step.timeout_ns,
    )
    if step.redirects:
        checks.follow()
        ready.redirects = Redirects(step.redirects, script.scheme, script.host, script.port)
    return ready


def _path_of(segments: list[Segment]) -> Callable[[Sequence[int], Sequence[Any]], str]:
    static, build = _built(joined(segments))
    if build is None:
        path = (static or b"/").decode("ascii")
        return lambda _rows, _captured: path
    return lambda rows, captured: build(rows, captured).decode("ascii")


def _head(step: StepScript, script: Script, names: Names) -> list[Segment]:
    if not step.path.startswith("/"):
        raise UsageError(
            f"{step.method}: {step.path!r} is not a path",
            hint="start it with /; the host is that of base_url",
            slug="bad-path",
        )
    path = names.segments(script.prefix + step.path, in_path, literal_path)
    default_port = {"http": 80, "https": 443}[script.scheme]
    shown_host = f"[{script.host}]" if ":" in script.host else script.host
    host = shown_host if script.port == default_port else f"{shown_host}:{script.port}"
    # a proxy is told the whole address, but where it has made a tunnel
    whole = script.route.proxy is not None and script.scheme == "http"
    start = f"{step.method.upper()} {f'http://{host}' if whole else ''}".encode("ascii")
    parts: list[Segment] = [start, *path, b" HTTP/1.1\r\n"]
    headers = {"host": host, "user-agent": f"perfstress/{__version__}", "accept": "*/*"}
    if not script.keep_alive:
        headers["connection"] = "close"
    if step.json is not None:
        headers["content-type"] = "application/json"
    elif step.form is not None:
        headers["content-type"] = "application/x-www-form-urlencoded"
    elif step.multipart is not None:
        boundary = boundary_of(step.multipart)
        headers["content-type"] = f"multipart/form-data; boundary={boundary}"
    given = {name.lower(): text for name, text in {**script.headers, **step.headers}.items()}
    for name, text in {**headers, **given}.items():
        if not _TOKEN.fullmatch(name) or name in _OWN_HEADERS:
            raise UsageError(
                f"headers: {name!r} cannot be set",
                hint="header names are letters, digits and -; lengths are set by perfstress",
                slug="bad-header",
            )
        if any(character in text for character in "\r\n\0"):
            raise UsageError(f"headers.{name}: the value has a line break", slug="bad-header")
        parts += [name.encode("ascii"), b": "]
        parts += names.segments(text, in_header, lambda literal: literal.encode("utf-8"))
        parts.append(b"\r\n")
    return parts


def _body(step: StepScript, names: Names) -> list[Segment | FilePiece] | None:
    if step.multipart is not None:
        return _multipart(step.multipart, names)
    if isinstance(step.body, FileScript):
        return [file_piece(step.body.path)]
    text = _text_body(step, names)
    return None if text is None else [*text]


def _multipart(fields: Mapping[str, str | FileScript], names: Names) -> list[Segment | FilePiece]:
    boundary = boundary_of(fields)
    parts: list[Segment | FilePiece] = []
    for name, field in fields.items():
        parts.append(part_head(boundary, name, field))
        if isinstance(field, FileScript):
            parts.append(file_piece(field.path))
        else:
            parts += names.segments(field, in_body, lambda literal: literal.encode("utf-8"))
        parts.append(b"\r\n")
    return [*parts, f"--{boundary}--\r\n".encode("ascii")]


def _text_body(step: StepScript, names: Names) -> list[Segment] | None:
    if step.json is not None:
        return names.json_segments(step.json)
    if step.form is not None:
        parts: list[Segment] = []
        for number, (name, text) in enumerate(step.form.items()):
            parts.append((b"&" if number else b"") + in_form(name) + b"=")
            parts += names.segments(text, in_form, in_form)
        return parts
    if isinstance(step.body, str):
        return names.segments(step.body, in_body, lambda literal: literal.encode("utf-8"))
    return [] if step.method in ("post", "put", "patch") else None


def _request(
    head: list[Segment], content: list[Segment | FilePiece] | None
) -> tuple[bytes | None, Build | None]:
    if content is None:
        return _built(joined([*head, b"\r\n"]))
    if any(isinstance(part, FilePiece) for part in content):
        return None, _streamed(joined(head), content)
    body = joined([part for part in content if not isinstance(part, FilePiece)])
    if all(isinstance(part, bytes) for part in body):
        whole = b"".join(part for part in body if isinstance(part, bytes))
        return _built(joined([*head, b"content-length: %d\r\n\r\n" % len(whole), whole]))
    first = joined(head)

    def build(rows: Sequence[int], captured: Sequence[Any]) -> bytes:
        content = b"".join(
            [part if part.__class__ is bytes else part(rows, captured) for part in body]  # type: ignore[operator]
        )
        start = b"".join(
            [part if part.__class__ is bytes else part(rows, captured) for part in first]  # type: ignore[operator]
        )
        return b"%bcontent-length: %d\r\n\r\n%b" % (start, len(content), content)

    return None, build


def _streamed(head: list[Segment], body: Sequence[Segment | FilePiece]) -> Build:
    def build(rows: Sequence[int], captured: Sequence[Any]) -> bytes:
        pieces = [part(rows, captured) if callable(part) else part for part in body]
        size = sum(part.size if isinstance(part, FilePiece) else len(part) for part in pieces)
        start = b"".join([part(rows, captured) if callable(part) else part for part in head])
        request = Streamed(b"%bcontent-length: %d\r\n\r\n" % (start, size))
        request.pieces = pieces
        return request

    return build


def _built(parts: list[Segment]) -> tuple[bytes | None, Build | None]:
    if len(parts) == 1 and isinstance(parts[0], bytes):
        return parts[0], None
    fills = [part for part in parts if not isinstance(part, bytes)]
    if len(fills) == 1:  # most requests have one place or two
        (fill,) = fills
        before, after = _between(parts)
        return None, lambda rows, captured: before + fill(rows, captured) + after
    if len(fills) == 2:
        first, second = fills
        before, between, after = _between(parts)
        return (
            None,
            lambda rows, captured: (
                before + first(rows, captured) + between + second(rows, captured) + after
            ),
        )

    def build(rows: Sequence[int], captured: Sequence[Any]) -> bytes:
        return b"".join(
            [part if part.__class__ is bytes else part(rows, captured) for part in parts]  # type: ignore[operator]
        )

    return None, build


def _between(parts: Sequence[Segment]) -> list[bytes]:
    """The literal bytes before, between and after what is filled in."""
    literal = [b""]
    for part in parts:
        if isinstance(part, bytes):
            literal[-1] += part
        else:
            literal.append(b"")
    return literal
