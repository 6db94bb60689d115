"""Commands that run a worked example."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from perfstress.cli.options import RUN, AsJson, ExampleFile, app, assignments
from perfstress.errors import ExitCode


@app.command(rich_help_panel=RUN)
def discover(
    example: ExampleFile,
    as_json: AsJson = False,
    out: Annotated[
        Path | None, typer.Option(help="The run directory to make (default: .perfstress/runs/…).")
    ] = None,
    scale: Annotated[
        float, typer.Option(help="Do a part of the work; such a run is labelled reduced.")
    ] = 1.0,
    no_confirm: Annotated[
        bool, typer.Option("--no-confirm", help="Do not repeat a growth FAIL in a fresh process.")
    ] = False,
    fail_fast: Annotated[
        bool,
        typer.Option("--fail-fast", help="End as soon as it cannot pass; a PASS takes it all."),
    ] = False,
    plant: Annotated[
        list[str] | None,
        typer.Option(
            metavar="RESOURCE=AMOUNT/op",
            help="Leak so much beside the target, to prove that it is seen: memory=4KiB/op.",
        ),
    ] = None,
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PATH=VALUE", help="Change a value: target.env.X=1."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress while running.")] = False,
) -> ExitCode:
    """Run a worked example at full scale, judge it and report."""
    from perfstress.commands.discover import Request  # delayed: numpy, psutil, httpx
    from perfstress.commands.discover import discover as command

    request = Request(
        example=example,
        out=out,
        scale=scale,
        confirm=not no_confirm,
        overrides=assignments(overrides or []),
        plants=plant or [],
        fail_fast=fail_fast,
        as_json=as_json,
        quiet=quiet,
    )
    return command(request, out=sys.stdout, err=sys.stderr)
