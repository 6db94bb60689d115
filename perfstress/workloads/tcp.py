"""Journeys of clients on plain TCP, driven by processes of load."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from perfstress.engine import guard
from perfstress.engine.talkscript import TalkScript, TalkStepScript
from perfstress.errors import UsageError
from perfstress.example import TcpStep, WorkedExample
from perfstress.workloads.talks import Put, conversations, putting, said


def script_of(example: WorkedExample, values: Mapping[str, str], folder: Path) -> TalkScript:
    """The workload as the processes of load take it: names and secrets put in, address resolved.

    Raises UsageError, TargetError or GuardTripped.
    """
    tcp = example.workload.tcp
    assert tcp is not None
    put = putting(values, folder)
    host, port = host_and_port(put(tcp.address))
    address = guard.allowed_address(host, port, example.allow_hosts)
    return conversations(
        example,
        folder,
        medium="tcp",
        address=address,
        options={"port": port},
        act=lambda step: _step(step, put, folder),
    )


def host_and_port(text: str) -> tuple[str, int]:
    """``127.0.0.1:9000`` or ``[::1]:9000`` in parts; raises UsageError."""
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or "/" in host or not port.isdecimal() or not 0 < int(port) < 65_536:
        raise UsageError(
            f"address: {text!r} is not a host and a port",
            hint='write one such as "127.0.0.1:{port}"',
            slug="bad-url",
        )
    return host, int(port)


def _step(step: TcpStep, put: Put, folder: Path) -> TalkStepScript:
    what: dict[str, Any] = {}
    after_ns = None
    act = "close"
    if step.send is not None:
        act = "send"
        what, after_ns = said(step.send, put, folder)
    elif step.expect is not None:
        act = "expect"
        what = put(step.expect.model_dump(exclude_none=True))
    elif step.hold is not None:
        act, what = "hold", {"for_ns": step.hold}
    else:
        act = next(a for a in ("connect", "half_close", "reset", "close") if getattr(step, a))
    return TalkStepScript(
        label=step.name or act, act=act, what=what, timeout_ns=step.timeout, think_ns=after_ns
    )
