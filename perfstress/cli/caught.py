"""Commands of the ledger."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from perfstress.cli.options import LIBRARY, AsJson, RunName, app
from perfstress.errors import ExitCode

ledger = typer.Typer(
    name="ledger",
    help="What has been caught: class, example, commits, and what the run cost.",
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(ledger, rich_help_panel=LIBRARY)


@ledger.callback()
def tell(
    context: typer.Context,
    as_json: AsJson = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write a page (.html) to this file.")
    ] = None,
) -> ExitCode | None:
    """Tell what has been caught: class, example, commits, and what the run cost."""
    if context.invoked_subcommand is not None:
        return None
    from perfstress.commands.ledger import ledger as command  # delayed: pydantic, git

    return command(as_json=as_json, output=output, out=sys.stdout, err=sys.stderr)


@ledger.command()
def add(
    run: RunName,
    mended: Annotated[
        str | None, typer.Option(help="The commit that mended what the run found.")
    ] = None,
) -> ExitCode:
    """Put what a failing run has found into the ledger."""
    from perfstress.archive import find_run
    from perfstress.commands.ledger import add as command  # delayed: pydantic, git

    return command(find_run(run), mended=mended, out=sys.stdout)
