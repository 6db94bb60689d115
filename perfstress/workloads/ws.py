"""Journeys of WebSocket clients, driven by processes of load."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from perfstress.engine import guard
from perfstress.engine.talkscript import TalkScript, TalkStepScript
from perfstress.errors import UsageError
from perfstress.example import WorkedExample, Ws, WsStep
from perfstress.workloads.talks import Put, conversations, putting, said


def script_of(example: WorkedExample, values: Mapping[str, str], folder: Path) -> TalkScript:
    """The workload as the processes of load take it: names and secrets put in, address resolved.

    Raises UsageError, TargetError or GuardTripped.
    """
    ws = example.workload.ws
    assert ws is not None
    put = putting(values, folder)
    url = put(ws.base_url)
    scheme, colon, rest = url.partition("://")
    if scheme not in ("ws", "wss") or not colon:
        raise UsageError(
            f"base_url: {url!r} is not a ws or wss URL",
            hint="write one such as ws://127.0.0.1:8000",
            slug="bad-url",
        )
    place = guard.find(f"http{'s' if scheme == 'wss' else ''}://{rest}", example.allow_hosts)
    return conversations(
        example,
        folder,
        medium="ws",
        address=place.address,
        options={
            "host": place.host,
            "port": place.port,
            "prefix": place.prefix,
            "secure": scheme == "wss",
            "tls": _tls(ws, put, folder),
        },
        act=lambda step: _step(step, put, folder, ws.headers),
    )


def _tls(ws: Ws, put: Put, folder: Path) -> dict[str, Any]:
    given = put(ws.tls.model_dump(exclude_none=True))
    return {
        key: str(folder / value) if key in ("ca", "cert", "key") else value
        for key, value in given.items()
    }


def _step(step: WsStep, put: Put, folder: Path, headers: Mapping[str, str]) -> TalkStepScript:
    what: dict[str, Any] = {}
    after_ns = None
    act = "close"
    if step.connect is not None:
        act = "connect"
        what = {"path": put(step.connect), "headers": put({**headers, **step.headers})}
    elif step.send is not None:
        act = "send"
        what, after_ns = said(step.send, put, folder)
    elif step.expect is not None:
        act = "expect"
        what = put(step.expect.model_dump(exclude_none=True, by_alias=True))
    elif step.hold is not None:
        act, what = "hold", {"for_ns": step.hold}
    elif step.ping:
        act = "ping"
    return TalkStepScript(
        label=step.name or act,
        act=act,
        what=what,
        capture=dict(step.capture),
        timeout_ns=step.timeout,
        think_ns=after_ns,
    )
