"""Commands of the regression library."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from perfstress.cli.options import LIBRARY, AsJson, RunName, Tier, app, assignments
from perfstress.errors import ExitCode


@app.command(rich_help_panel=LIBRARY)
def promote(
    run: RunName,
    tier: Annotated[
        Tier | None,
        typer.Option(
            help="The first tier that replays it. Default: smoke up to a minute, then full, soaks "
            "soak."
        ),
    ] = None,
    reason: Annotated[
        str, typer.Option(help="Why an example that was promoted before asks for less now.")
    ] = "",
) -> ExitCode:
    """Put an example that passed into the regression library."""
    from perfstress.archive import find_run
    from perfstress.commands.promote import promote as command  # delayed: numpy, psutil, httpx

    chosen = None if tier is None else tier.value
    return command(find_run(run), tier=chosen, reason=reason, out=sys.stdout, err=sys.stderr)


@app.command(rich_help_panel=LIBRARY)
def demote(
    name: Annotated[str, typer.Argument(help="The entry.")],
    reason: Annotated[str, typer.Option(help="Why it is no longer replayed.")],
) -> ExitCode:
    """Take an example out of the regression library."""
    from perfstress.commands.demote import demote as command  # delayed: numpy

    return command(name, reason=reason, out=sys.stdout)


@app.command(rich_help_panel=LIBRARY)
def shrink(
    run: RunName,
    budget: Annotated[
        str, typer.Option(metavar="TIME", help="How long to search; what comes of it is kept.")
    ] = "10m",
    finding: Annotated[
        str | None, typer.Option(metavar="CLASS", help="Of several findings, shrink this one.")
    ] = None,
    mended: Annotated[
        str | None,
        typer.Option(metavar="COMMIT", help="Has to pass; a dot is the work tree as it is."),
    ] = None,
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PATH=VALUE", help="A value of the side that has to pass."),
    ] = None,
    as_json: AsJson = False,
) -> ExitCode:
    """Find the smallest shape that still shows what a run found, and keep it for the smoke tier."""
    from perfstress.archive import find_run
    from perfstress.commands.shrink import Request  # delayed: numpy, psutil, httpx
    from perfstress.commands.shrink import shrink as command

    request = Request(
        run=find_run(run),
        budget=budget,
        finding=finding,
        mended=mended,
        overrides=assignments(overrides or []),
        as_json=as_json,
    )
    return command(request, out=sys.stdout, err=sys.stderr)


@app.command(rich_help_panel=LIBRARY)
def calibrate(
    names: Annotated[list[str] | None, typer.Argument(help="Entries; default: all.")] = None,
    tier: Annotated[Tier, typer.Option(help="How much of the library.")] = Tier.smoke,
    times: Annotated[int, typer.Option(metavar="N", help="Runs of each entry.")] = 8,
    commit: Annotated[
        bool, typer.Option("--commit", help="Keep it in regressions/, too, to be committed.")
    ] = False,
    as_json: AsJson = False,
) -> ExitCode:
    """Measure how much unchanged entries differ from run to run here."""
    from perfstress.commands.calibrate import calibrate as command  # delayed: numpy, psutil, httpx

    return command(
        names or [],
        tier=tier.value,
        times=times,
        commit=commit,
        as_json=as_json,
        out=sys.stdout,
        err=sys.stderr,
    )


@app.command(rich_help_panel=LIBRARY)
def replay(
    names: Annotated[list[str] | None, typer.Argument(help="Entries; default: all.")] = None,
    tier: Annotated[Tier, typer.Option(help="How much to replay.")] = Tier.smoke,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Tell what would run, in which order and for how long."),
    ] = False,
    shard: Annotated[
        str | None, typer.Option(metavar="I/N", help="The I-th of N equally long parts.")
    ] = None,
    budget: Annotated[
        str | None, typer.Option(metavar="DURATION", help="Run what fits: 15m.")
    ] = None,
    changed_since: Annotated[
        str | None,
        typer.Option(metavar="REF", help="Only what has changed since a commit: origin/main."),
    ] = None,
    retries: Annotated[
        int, typer.Option(help="How often what is INCONCLUSIVE is tried again.")
    ] = 1,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the replay that was interrupted.")
    ] = False,
    against: Annotated[
        str | None,
        typer.Option(metavar="REF", help="Run HEAD and this commit in turns: what became worse?"),
    ] = None,
    times: Annotated[
        int | None, typer.Option(metavar="N", help="Pairs of runs for --against. Default: 6.")
    ] = None,
    junit: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the results as JUnit XML.")
    ] = None,
    markdown: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write them as Markdown, for a pull request."),
    ] = None,
    as_json: AsJson = False,
) -> ExitCode:
    """Run the regression library again."""
    from perfstress.commands.replay import Request  # delayed: numpy, psutil, httpx
    from perfstress.commands.replay import replay as command

    request = Request(
        names=tuple(names or []),
        tier=tier.value,
        shard=shard,
        budget=budget,
        changed_since=changed_since,
        retries=retries,
        dry_run=dry_run,
        resume=resume,
        against=against,
        pairs=times,
        junit=junit,
        markdown=markdown,
        as_json=as_json,
    )
    return command(request, out=sys.stdout, err=sys.stderr)


@app.command(rich_help_panel=LIBRARY)
def history(
    name: Annotated[
        str | None, typer.Argument(help="An example; default: a line for each.")
    ] = None,
    metric: Annotated[
        list[str] | None, typer.Option(help="This figure alone: response.p99; several: again.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="From a date on, 2026-01-31, or the last 30d.")
    ] = None,
    csv: Annotated[
        Path | None,
        typer.Option("--csv", metavar="FILE", help="Write what Apache Otava imports."),
    ] = None,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Read all run directories into the store anew.")
    ] = False,
    as_json: AsJson = False,
) -> ExitCode:
    """Tell how an example fared over time, and where its figures changed."""
    from perfstress.commands.history import Asked  # delayed: numpy
    from perfstress.commands.history import history as command

    asked = Asked(name, metric or [], since, csv, rebuild, as_json)
    return command(asked, out=sys.stdout, err=sys.stderr)


@app.command(rich_help_panel=LIBRARY)
def bisect(
    name: Annotated[str, typer.Argument(help="An entry of the library, or a worked example.")],
    good: Annotated[
        str | None,
        typer.Option(metavar="COMMIT", help="One that passed. Default: where it was promoted."),
    ] = None,
    bad: Annotated[
        str | None, typer.Option(metavar="COMMIT", help="A later one that fails. Default: HEAD.")
    ] = None,
    times: Annotated[
        int | None,
        typer.Option(
            min=1, max=100, help="A commit is good when so many runs pass; with --metric: pairs."
        ),
    ] = None,
    metric: Annotated[
        str | None, typer.Option(help="Not by verdicts: by a figure, such as response.p50.")
    ] = None,
    worse_than: Annotated[
        str | None,
        typer.Option(metavar="SHARE", help="By how much it has to be worse than at --good: 10%."),
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="The whole example, though there is a smoke shape.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a bisection that was interrupted.")
    ] = False,
    as_json: AsJson = False,
) -> ExitCode:
    """Find the commit that brought what an example finds."""
    from perfstress.commands.bisect import Asked  # delayed: numpy, psutil, httpx
    from perfstress.commands.bisect import bisect as command

    asked = Asked(name, good, bad, times, metric, worse_than, full, resume, as_json)
    return command(asked, out=sys.stdout, err=sys.stderr)
