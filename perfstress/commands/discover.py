"""``perfstress discover``: runs an example at full scale, judges it, confirms what it found, and
tells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from perfstress import discovery
from perfstress.errors import ExitCode
from perfstress.reports import REPORTS


@dataclass(frozen=True, slots=True)
class Request:
    """What the command line asked of ``discover``."""

    example: Path
    out: Path | None = None
    scale: float = 1.0
    confirm: bool = True
    overrides: Mapping[str, str] = field(default_factory=dict)
    plants: Sequence[str] = ()
    fail_fast: bool = False
    as_json: bool = False
    quiet: bool = False


def discover(request: Request, *, out: TextIO, err: TextIO) -> ExitCode:
    """Run, judge and report one example; the exit code is the verdict's.

    Raises ExampleError with every problem of the file, TargetError or GuardTripped when no load
    could be sent, and KeyboardInterrupt when interrupted, after the partial run has been put on
    disk.
    """
    order = discovery.order(
        request.example,
        out=request.out,
        scale=request.scale,
        overrides=request.overrides,
        plants=request.plants,
        fail_fast=request.fail_fast,
    )
    verdict, run = discovery.run_and_judge(
        order, confirm=request.confirm, quiet=request.quiet, err=err
    )
    REPORTS["text"](verdict, run, err if request.as_json else out)
    if request.as_json:
        REPORTS["json"](verdict, run, out)
    return verdict.outcome.exit_code
