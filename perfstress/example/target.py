"""The target of a worked example: what is stressed, how it starts and ends, who watches it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from perfstress.example.parts import Count, DurationNs, Part, SizeBytes, Text
from perfstress.example.probing import Probe


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
