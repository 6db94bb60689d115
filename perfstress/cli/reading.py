"""Commands that read what was recorded."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from perfstress.cli.options import READ, AsJson, Format, RunName, TraceUnit, app
from perfstress.errors import ExitCode


@app.command(rich_help_panel=READ)
def judge(run: RunName, as_json: AsJson = False) -> ExitCode:
    """Judge a recorded run again."""
    from perfstress.archive import find_run
    from perfstress.commands.judge import judge as command  # delayed: numpy

    return command(find_run(run), as_json=as_json, out=sys.stdout, err=sys.stderr)


@app.command(rich_help_panel=READ)
def report(
    run: RunName,
    fmt: Annotated[
        Format | None,
        typer.Option("--format", help="Default: by the name of --output, else text."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write to this file instead of stdout.")
    ] = None,
) -> ExitCode:
    """Report a recorded run, whole or partial."""
    from perfstress.archive import find_run  # delayed: numpy, jinja2
    from perfstress.commands.report import report as command

    suffixes = {".html": "html", ".json": "json", ".md": "markdown", ".xml": "junit"}
    guessed = suffixes.get(output.suffix, "text") if output else "text"
    return command(find_run(run), fmt.value if fmt else guessed, output, sys.stdout)


@app.command(rich_help_panel=READ)
def growth(
    files: Annotated[
        list[Path], typer.Argument(help="Traces as JSON lines, CSV tables, Prometheus matrices.")
    ],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object a series; text goes to stderr.")
    ] = False,
    limit: Annotated[
        str | None, typer.Option(help="Where a file has none: 512MiB, or a bare number.")
    ] = None,
    rate: Annotated[
        str | None, typer.Option(help="Operations in production: 50/s; else as recorded.")
    ] = None,
    horizon: Annotated[
        str | None, typer.Option(help="How long one process must live: 14d.")
    ] = None,
    unit: Annotated[
        TraceUnit | None, typer.Option(help="Where neither file nor name says it.")
    ] = None,
    time: Annotated[str | None, typer.Option(help="The column of times.")] = None,
    ops: Annotated[
        str | None, typer.Option(help="The column or metric of operations done; else by time.")
    ] = None,
) -> ExitCode:
    """Judge the growth of series that were recorded elsewhere."""
    from perfstress.commands.growth import growth as command  # delayed: numpy

    return command(
        files,
        limit=limit,
        rate=rate,
        horizon=horizon,
        unit=unit.value if unit else None,
        time=time,
        ops=ops,
        as_json=as_json,
        out=sys.stdout,
        err=sys.stderr,
    )
