"""Journeys of clients on plain TCP, driven by processes of load."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from perfstress.engine import guard
from perfstress.engine.talkscript import TalkJourneyScript, TalkScript, TalkStepScript
from perfstress.errors import UsageError
from perfstress.example import TcpSend, TcpStep, WorkedExample
from perfstress.protocols import Surroundings, Target
from perfstress.workloads.driven import Driven
from perfstress.workloads.talks import Put, data_of, labelled, putting


class TcpDriver(Driven):
    """Meets ``protocols.Driver`` for ``workload.tcp``."""

    def __init__(self, example: WorkedExample, target: Target, around: Surroundings) -> None:
        super().__init__(example, target, around, "tcp", script_of)


def script_of(example: WorkedExample, values: Mapping[str, str], folder: Path) -> TalkScript:
    """The workload as the processes of load take it: names and secrets put in, address resolved.

    Raises UsageError, TargetError or GuardTripped.
    """
    tcp = example.workload.tcp
    assert tcp is not None
    put = putting(values, folder)
    host, port = host_and_port(put(tcp.address))
    address = guard.allowed_address(host, port, example.allow_hosts)
    return TalkScript(
        medium="tcp",
        address=address,
        options={"port": port},
        journeys=tuple(
            TalkJourneyScript(name, labelled(_step(step, put, folder) for step in journey.steps))
            for name, journey in tcp.journeys.items()
        ),
        data=data_of(example, folder),
        seed=example.shape.seed,
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
    if step.think is not None:
        return TalkStepScript("think", think_ns=step.think)
    what: dict[str, Any] = {}
    after_ns = None
    act = "close"
    if step.send is not None:
        act = "send"
        send = TcpSend(text=step.send) if isinstance(step.send, str) else step.send
        what = {"text": put(send.text), "hex": send.hex}
        what["file"] = None if send.file is None else str(folder / send.file)
        after_ns = send.after
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
