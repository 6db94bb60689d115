"""Commands of the design: worked examples before there is code."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from perfstress.cli.asking import answered
from perfstress.cli.options import DESIGN, AsJson, Kind, app
from perfstress.errors import ExitCode, UsageError


@app.command(rich_help_panel=DESIGN)
def draft(
    name: Annotated[
        str | None, typer.Argument(help="The example's name; the file is NAME.yaml.")
    ] = None,
    kind: Annotated[Kind | None, typer.Option(help="What kind of stress.")] = None,
    phase: Annotated[str | None, typer.Option(help="The phase, a page in runbooks/.")] = None,
    workload: Annotated[str, typer.Option(help="http, calls, runs, tcp, ws or sql.")] = "http",
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            help="A recording: access-log, curl, har, k6, locust, openapi or postman.",
        ),
    ] = None,
    file: Annotated[
        Path | None, typer.Argument(help="The recording, with --from.", show_default=False)
    ] = None,
    rate: Annotated[
        str | None, typer.Option(help="Production's rate at its peak: 333/s, 2M/day.")
    ] = None,
    concurrency: Annotated[str | None, typer.Option(help="How many at once.")] = None,
    horizon: Annotated[str | None, typer.Option(help="How long one process lives: 14d.")] = None,
    known_from: Annotated[
        str | None, typer.Option("--source", help="How these figures are known.")
    ] = None,
    implements: Annotated[
        list[str] | None,
        typer.Option(help="A path of the code to come; may be given several times."),
    ] = None,
    no_input: Annotated[bool, typer.Option("--no-input", help="Ask nothing.")] = False,
    folder: Annotated[Path, typer.Option(help="Where to write it.")] = Path("worked_examples"),
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
    fill: Annotated[
        bool, typer.Option("--fill", help="Draft for the region of the map to visit next.")
    ] = False,
) -> ExitCode:
    """Write a commented worked example to fill in; at a terminal, asks for what is not given."""
    if fill:
        from perfstress.commands.fill import fill as filling  # delayed: yaml, numpy

        filled = filling(name, phase=phase, force=force)
        typer.echo(f"nobody has visited  {filled.visits}")
        typer.echo(
            f"wrote {filled.path}\nnext: settle its TODOs, then  perfstress lint {filled.path}"
        )
        return ExitCode.PASS
    asks = sys.stdin.isatty() and sys.stdout.isatty() and not no_input
    if name is None or (kind is None and not asks):
        raise UsageError(
            "a draft takes a name and a kind",
            hint="perfstress draft NAME --kind load; or --fill, for what nobody has visited",
            slug="bad-option",
        )
    from perfstress.commands.draft import draft as command  # delayed: jinja2

    drafted = command(
        name,
        kind=None if kind is None else kind.value,
        phase=phase,
        workload=workload,
        source=source,
        recording=file,
        rate=rate,
        concurrency=concurrency,
        horizon=horizon,
        known_from=known_from,
        implements=implements or (),
        ask=answered if asks else None,
        folder=folder,
        force=force,
    )
    for note in drafted.notes:
        typer.echo(f"from the recording: {note}", err=True)
    path = drafted.path
    if drafted.data is not None:
        typer.echo(f"wrote {drafted.data}")
    typer.echo(f"wrote {path}\nnext: fill in what is marked, then  perfstress lint {path}")
    return ExitCode.PASS


@app.command(rich_help_panel=DESIGN)
def lint(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Files or folders; default: all of the project.")
    ] = None,
    as_json: AsJson = False,
    fix: Annotated[
        bool, typer.Option("--fix", help="Put the checksums of data files right first.")
    ] = False,
    sarif: Annotated[
        Path | None,
        typer.Option(help="Write the problems as SARIF 2.1.0, too.", show_default=False),
    ] = None,
) -> ExitCode:
    """Tell every problem of every worked example, and prove from git which came before the code."""
    from perfstress.commands.lint import lint as command  # delayed: yaml, git

    return command(
        paths or [], as_json=as_json, out=sys.stdout, err=sys.stderr, fix=fix, sarif_file=sarif
    )


@app.command(rich_help_panel=DESIGN)
def shapes(
    phases: Annotated[
        list[str] | None, typer.Argument(help="Phases, or targets; default: all of the project.")
    ] = None,
    as_json: AsJson = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Draw a page (.html) or a picture (.svg).")
    ] = None,
) -> ExitCode:
    """Draw what was stressed against production, and what no example has visited."""
    from perfstress.commands.shapes import shapes as command  # delayed: yaml, numpy

    return command(phases or [], as_json=as_json, output=output, out=sys.stdout, err=sys.stderr)


@app.command(rich_help_panel=DESIGN)
def schema() -> ExitCode:
    """Print the JSON Schema of a worked example."""
    from perfstress.commands.schema import schema as command  # delayed: pydantic

    sys.stdout.write(command())
    return ExitCode.PASS
