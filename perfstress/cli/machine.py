"""Commands about this machine and this version."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from perfstress.cli.options import MACHINE, AsJson, app
from perfstress.errors import ExitCode


@app.command(rich_help_panel=MACHINE)
def doctor(as_json: AsJson = False) -> ExitCode:
    """Tell whether this machine is fit for runs, and what would make it so."""
    from perfstress.commands.doctor import doctor as command  # delayed: psutil

    return command(as_json, sys.stdout)


@app.command(rich_help_panel=MACHINE)
def selftest(
    only: Annotated[
        list[str] | None, typer.Option(metavar="CLASS", help="Try this finding class alone.")
    ] = None,
    as_json: AsJson = False,
) -> ExitCode:
    """Plant a defect of every finding class on this machine: each must be found."""
    from perfstress.commands.selftest import selftest as command  # delayed: starts processes

    return command(only or [], as_json=as_json, out=sys.stdout, err=sys.stderr)


@app.command(rich_help_panel=MACHINE)
def version() -> ExitCode:
    """Print the version."""
    from perfstress.commands.version import version as command

    return command(sys.stdout)
