"""Commands of the phases: runbooks, and the seals in them."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from perfstress.cli.asking import asked
from perfstress.cli.options import DESIGN, AsJson, app
from perfstress.errors import ExitCode

runbook = typer.Typer(
    name="runbook",
    help="The phases of the project: what each commits to, and how far it has come.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(runbook, rich_help_panel=DESIGN)

Phases = Annotated[list[str] | None, typer.Argument(metavar="[PHASE]...", help="Default: all.")]


@runbook.command()
def new(
    phase: Annotated[str, typer.Argument(help="The phase's name; the page is runbooks/PHASE.md.")],
    title: Annotated[str | None, typer.Option(help="The phase in a few words.")] = None,
    builds: Annotated[str | None, typer.Option(help="What it builds, in a sentence.")] = None,
    example: Annotated[
        list[str] | None, typer.Option(help="A worked example of it; may be given several times.")
    ] = None,
    no_input: Annotated[bool, typer.Option("--no-input", help="Ask nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing page.")] = False,
) -> ExitCode:
    """Write a commented runbook to fill in; asks for what is not given when at a terminal."""
    from perfstress.commands.runbook.new import new as command  # delayed: jinja2

    asks = sys.stdin.isatty() and sys.stdout.isatty() and not no_input
    path = command(
        phase,
        title=title,
        builds=builds,
        examples=example or [],
        ask=asked if asks else None,
        force=force,
    )
    typer.echo(
        f"wrote {path}\nnext: fill in what says TODO, then  perfstress runbook check {phase}"
    )
    return ExitCode.PASS


@runbook.command()
def status(names: Phases = None, as_json: AsJson = False) -> ExitCode:
    """Tell how far each worked example of each phase has come, from git and the library."""
    from perfstress.commands.runbook.status import status as command  # delayed: yaml, git, rich

    return command(names or [], as_json=as_json, out=sys.stdout, err=sys.stderr)


@runbook.command()
def check(names: Phases = None, as_json: AsJson = False) -> ExitCode:
    """Tell every problem between the runbooks, the examples and git; for CI."""
    from perfstress.commands.runbook.check import check as command  # delayed: yaml, git

    return command(names or [], as_json=as_json, out=sys.stdout, err=sys.stderr)


@app.command(rich_help_panel=DESIGN)
def seal(
    examples: Annotated[list[str], typer.Argument(help="Worked examples by name or file.")],
) -> ExitCode:
    """Record which text of an example was committed: the proof that a squash merge cannot lose."""
    from perfstress.commands.seal import seal as command  # delayed: yaml, git

    return command(examples, out=sys.stdout)
