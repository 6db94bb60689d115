"""Journeys over HTTP, driven by processes of load."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from perfstress.engine import guard, once
from perfstress.engine.pauses import Spread, mean_ns
from perfstress.engine.route import check_version, settle
from perfstress.engine.script import (
    AbortScript,
    DataScript,
    ExpectScript,
    FileScript,
    JourneyScript,
    OAuth2Script,
    RouteScript,
    Script,
    StepScript,
    TlsScript,
)
from perfstress.errors import PerfstressError
from perfstress.example import (
    Abort,
    BodyFile,
    Capture,
    Expect,
    Http,
    Journey,
    Step,
    Think,
    Upload,
    WorkedExample,
)
from perfstress.protocols import Surroundings, Target
from perfstress.substitute import redact, remember_secret, substitute_all
from perfstress.typedsecrets import shown
from perfstress.workloads.driven import Driven


class HttpDriver(Driven):
    """Meets ``protocols.Driver`` for ``workload.http``."""

    def __init__(self, example: WorkedExample, target: Target, around: Surroundings) -> None:
        super().__init__(example, target, around, "http", self._script)
        self._made: Mapping[str, Any] = {}
        self._has_to_end = False

    def _script(self, example: WorkedExample, values: Mapping[str, str], folder: Path) -> Script:
        """The journeys, after the steps of ``setup`` have been taken in this process, once."""
        http = example.workload.http
        if http is not None and http.setup:
            before = script_of(example, values, folder, part="setup")
            self._made = once.take(before, example.shape.timeout)
        made = {"setup": self._made} if self._made else {}
        script = script_of(example, values, folder, constants=made)
        self._has_to_end = http is not None and bool(http.teardown)
        return script

    def close(self) -> str | None:
        """End the processes of load, then take the steps of ``teardown``, once."""
        super().close()
        if not self._has_to_end:
            return None
        self._has_to_end = False
        made = {"setup": self._made} if self._made else {}
        try:
            values, folder = self._target.values, self._around.folder
            after = script_of(self._example, values, folder, part="teardown", constants=made)
            once.take(after, self._example.shape.timeout)
        except PerfstressError as error:  # told, never in the way of what was recorded
            return redact(error.message)
        return None


def script_of(
    example: WorkedExample,
    values: Mapping[str, str],
    folder: Path,
    *,
    part: str = "journeys",
    constants: Mapping[str, Any] | None = None,
) -> Script:
    """The workload as the processes of load take it: names and secrets put in, address resolved.

    ``part`` may be ``setup`` or ``teardown``, which are then the one journey of the script.
    ``constants`` are names that stand for the same value everywhere. Raises UsageError, TargetError
    or GuardTripped.
    """
    http = example.workload.http
    assert http is not None
    journeys: Mapping[str, Journey] = http.journeys
    if part != "journeys":
        journeys = {part: Journey(steps=http.setup if part == "setup" else http.teardown)}

    def put(data: Any) -> Any:
        return substitute_all(data, values, folder=folder)

    place, route = settle(
        put(http.base_url), example.allow_hosts, _route(http, put, folder), put(http.proxy)
    )
    check_version(http.version, place.scheme, route)
    return Script(
        version=http.version,
        scheme=place.scheme,
        host=place.host,
        port=place.port,
        address=place.address,
        prefix=place.prefix,
        keep_alive=http.keep_alive,
        headers=_headers(http, put, plain=part == "setup"),
        oauth2=_oauth2(http, put, example.allow_hosts),
        seed=example.shape.seed,
        route=route,
        data=tuple(
            DataScript(
                name=name,
                path=str(folder / data.file),
                order=data.order,
                seed=example.shape.seed if data.seed is None else data.seed,
            )
            for name, data in http.data.items()
            if part == "journeys" or _names(http, journeys[part], name)
        ),
        journeys=tuple(_journey(name, one, http, folder, put) for name, one in journeys.items()),
        constants=dict(constants or {}),
    )


def _names(http: Http, journey: Journey, name: str) -> bool:
    text = journey.model_dump_json() + " ".join(http.headers.values())
    return re.search(r"\{\{\s*" + re.escape(name) + r"\b", text) is not None


def _headers(http: Http, put: Any, *, plain: bool = False) -> dict[str, str]:
    """The headers of every request, those of ``compressed`` and ``auth`` among them; with
    ``plain`` only those that name nothing, since nothing is known yet.
    """
    headers: dict[str, str] = {"accept-encoding": "gzip, deflate"} if http.compressed else {}
    if http.auth is not None and http.auth.bearer is not None:
        headers["authorization"] = f"Bearer {put(http.auth.bearer)}"
    elif http.auth is not None and http.auth.basic is not None:
        headers["authorization"] = basic(put(http.auth.basic.user), put(http.auth.basic.password))
    given: dict[str, str] = put(http.headers)
    headers |= {name.lower(): text for name, text in given.items()}
    return {name: text for name, text in headers.items() if not plain or "{{" not in text}


def basic(user: str, password: str) -> str:
    """The value of an authorization header for a user and a password (RFC 7617)."""
    encoded = base64.b64encode(f"{user}:{password}".encode()).decode("ascii")
    remember_secret(encoded)
    return f"Basic {encoded}"


def _oauth2(http: Http, put: Any, allow_hosts: Sequence[str]) -> OAuth2Script | None:
    oauth2 = http.auth.oauth2 if http.auth is not None else None
    if oauth2 is None:
        return None
    url = put(oauth2.token_url)
    guard.find(url, allow_hosts)
    return OAuth2Script(url, put(oauth2.client_id), put(oauth2.client_secret), oauth2.scope or "")


def _route(http: Http, put: Any, folder: Path) -> RouteScript:
    tls = http.tls

    def path(name: str | None) -> str | None:
        return None if name is None else str(folder / put(name))

    return RouteScript(
        tls=TlsScript(
            ca=path(tls.ca),
            insecure=tls.insecure,
            server_name=put(tls.server_name),
            cert=path(tls.cert),
            key=path(tls.key),
        ),
        unix=path(http.unix),
        sources=tuple(put(http.source_addresses) or ()),
        connections=http.connections,
        max_body_bytes=http.max_body,
    )


def _journey(name: str, journey: Journey, http: Http, folder: Path, put: Any) -> JourneyScript:
    taken: set[str] = set()

    def ready(steps: Sequence[Step]) -> tuple[StepScript, ...]:
        return tuple(
            _step(_label(step, taken), step, journey.headers, http.redirects, folder, put)
            for step in steps
        )

    keeps = http.cookies if journey.cookies is None else journey.cookies
    first = ready(journey.on_start)
    return JourneyScript(
        name,
        ready(journey.steps),
        on_start=first,
        cookies=keeps,
        pacing_ns=journey.pacing or 0,
    )


def _pause(label: str, think: int | Think) -> StepScript:
    if isinstance(think, int):
        return StepScript(label, think_ns=think)
    spread: Spread = ("exponential", (think.exponential or 0,))
    if think.uniform is not None:
        spread = ("uniform", tuple(think.uniform))
    return StepScript(label, think_ns=mean_ns(spread), spread=spread)


def _label(step: Step, taken: set[str]) -> str:
    """A name for a step that no other of its journey has."""
    called = step.name or f"{(step.method or 'think').upper()} {step.path}".strip()
    label = wanted = shown(called)
    number = 2
    while label in taken:
        label = f"{wanted} ({number})"
        number += 1
    if step.method is not None:
        taken.add(label)
    return label


def _step(
    label: str, step: Step, headers: Mapping[str, str], hops: int, folder: Path, put: Any
) -> StepScript:
    if step.method is None:
        return _pause(label, step.think or 0)
    return StepScript(
        label=label,
        method=step.method,
        path=put(step.path),
        headers=put({**headers, **step.headers}),
        json=put(step.json_),
        form=put(step.form),
        body=_file(step.body, folder) if isinstance(step.body, BodyFile) else put(step.body),
        multipart=_multipart(step.multipart, folder, put),
        capture={name: _capture(how) for name, how in step.capture.items()},
        expect=_expect(step.expect, put) if step.expect is not None else ExpectScript(),
        timeout_ns=step.timeout,
        redirects=0 if step.abort else hops if step.redirects is None else step.redirects,
        abort=_abort(step.abort) if step.abort is not None else None,
    )


def _abort(abort: Abort) -> AbortScript:
    return AbortScript(abort.after, abort.bytes, abort.reset)


def _capture(how: str | Capture) -> Any:
    if isinstance(how, str):
        return ("json", how)
    if how.json_ is not None:
        return ("json", how.json_)
    if how.cookie is not None:
        return ("cookie", how.cookie)
    return ("header", how.header) if how.header is not None else ("regex", how.regex or "")


def _file(given: BodyFile | Upload, folder: Path) -> FileScript:
    path = str(folder / given.file)
    if isinstance(given, BodyFile):
        return FileScript(path)
    return FileScript(path, given.name or "", given.type or "")


def _multipart(
    fields: Mapping[str, str | Upload] | None, folder: Path, put: Any
) -> dict[str, str | FileScript] | None:
    if fields is None:
        return None
    return {
        name: put(field) if isinstance(field, str) else _file(field, folder)
        for name, field in fields.items()
    }


def _expect(expect: Expect, put: Any) -> ExpectScript:
    return ExpectScript(
        status=expect.status,
        json=put(expect.json_),
        contains=put(expect.contains),
        matches=put(expect.matches),
        header=put(expect.header),
        within_ns=expect.within,
        size_bytes=expect.size,
    )
