"""The command line: names, options and help, and the one place where an error ends and an exit code
begins.
"""

from __future__ import annotations

import enum
import errno
import os
import platform
import sys
import traceback
from pathlib import Path
from typing import Annotated

import typer

from perfstress.errors import ExitCode, PerfstressError, UsageError
from perfstress.version import __version__

app = typer.Typer(
    name="perfstress",
    help="Finds what unit tests cannot: growth, leaks and collapse under production load.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 PASS, 1 FAIL, 2 usage or invalid example, 3 target, 4 guard, 70 bug, "
    "125 INCONCLUSIVE, 130 interrupted.",
)


_FULL = (errno.ENOSPC, errno.EDQUOT)


class Kind(enum.StrEnum):
    """The kinds of worked example."""

    load = "load"
    soak = "soak"
    spike = "spike"
    stress = "stress"
    sweep = "sweep"
    interaction = "interaction"
    wrap = "wrap"


class Format(enum.StrEnum):
    """The formats of a report."""

    text = "text"
    html = "html"
    json = "json"
    junit = "junit"
    markdown = "markdown"


class TraceUnit(enum.StrEnum):
    """What a series is counted in."""

    in_bytes = "bytes"
    in_count = "count"


class Tier(enum.StrEnum):
    """How much of the regression library is replayed."""

    smoke = "smoke"
    full = "full"
    soak = "soak"


AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object; text goes to stderr.")]
ExampleFile = Annotated[Path, typer.Argument(help="The worked example, a YAML file.")]
RunName = Annotated[
    str, typer.Argument(help="A run directory, or an example's name for its newest run.")
]


@app.command()
def draft(
    name: Annotated[str, typer.Argument(help="The example's name; the file is NAME.yaml.")],
    kind: Annotated[Kind, typer.Option(help="What kind of stress.")],
    phase: Annotated[str | None, typer.Option(help="The phase, a page in runbooks/.")] = None,
    workload: Annotated[str, typer.Option(help="http, calls or runs.")] = "http",
    source: Annotated[
        str | None,
        typer.Option("--from", help="Take figures from a recording: curl or access-log."),
    ] = None,
    file: Annotated[
        Path | None, typer.Argument(help="The recording, with --from.", show_default=False)
    ] = None,
    folder: Annotated[Path, typer.Option(help="Where to write it.")] = Path("worked_examples"),
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
) -> ExitCode:
    """Write a commented worked example to fill in."""
    from perfstress.commands.draft import draft as command  # delayed: jinja2

    path = command(
        name,
        kind=kind.value,
        phase=phase,
        workload=workload,
        source=source,
        recording=file,
        folder=folder,
        force=force,
    )
    typer.echo(f"wrote {path}\nnext: fill in what is marked, then  perfstress lint {path}")
    return ExitCode.PASS


@app.command()
def lint(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Files or folders; default: all of the project.")
    ] = None,
    as_json: AsJson = False,
) -> ExitCode:
    """Tell every problem of every worked example, and prove from git which came before the code."""
    from perfstress.commands.lint import lint as command  # delayed: yaml, git

    return command(paths or [], as_json=as_json, out=sys.stdout, err=sys.stderr)


@app.command()
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
        overrides=_assignments(overrides or []),
        plants=plant or [],
        fail_fast=fail_fast,
        as_json=as_json,
        quiet=quiet,
    )
    return command(request, out=sys.stdout, err=sys.stderr)


@app.command()
def judge(run: RunName, as_json: AsJson = False) -> ExitCode:
    """Judge a recorded run again."""
    from perfstress.archive import find_run
    from perfstress.commands.judge import judge as command  # delayed: numpy

    return command(find_run(run), as_json=as_json, out=sys.stdout, err=sys.stderr)


@app.command()
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


@app.command()
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


@app.command()
def hit(
    url: Annotated[str, typer.Argument(help="What to request; loopback unless allowed.")],
    duration: Annotated[
        str | None,
        typer.Option("--duration", "-d", help="How long, 10s without an amount.", metavar="TIME"),
    ] = None,
    requests: Annotated[
        int | None, typer.Option("--requests", "-n", min=1, help="End after so many requests.")
    ] = None,
    rate: Annotated[
        str | None,
        typer.Option("--rate", "-r", help="Open model: arrivals, 500/s; a ramp: 50/s..500/s."),
    ] = None,
    arrivals: Annotated[
        str | None, typer.Option(help="With --rate: poisson (the default) or uniform.")
    ] = None,
    concurrency: Annotated[
        int | None, typer.Option("--concurrency", "-c", help="Closed model: connections in a loop.")
    ] = None,
    users: Annotated[int | None, typer.Option(help="Closed model: users with --think.")] = None,
    think: Annotated[
        str | None,
        typer.Option(help="A user's pause after each answer: 2s, 1s..3s (even) or exp:2s (mean)."),
    ] = None,
    pacing: Annotated[
        str | None, typer.Option(help="Each --users begins one request in this time.")
    ] = None,
    iterations: Annotated[
        int | None, typer.Option(min=1, help="End after so many requests of each of --users.")
    ] = None,
    timeout: Annotated[str, typer.Option(help="When an answer counts as lost.")] = "10s",
    method: Annotated[
        str | None,
        typer.Option("--method", "-X", help="The HTTP method; GET, or POST with a form or file."),
    ] = None,
    headers: Annotated[
        list[str] | None, typer.Option("--header", "-H", help="A header, as 'name: value'.")
    ] = None,
    body: Annotated[str | None, typer.Option("--body", "-b", help="The request's body.")] = None,
    body_file: Annotated[
        str | None, typer.Option(help="A file that is the body.", metavar="FILE")
    ] = None,
    form: Annotated[
        list[str] | None, typer.Option(help="A field of a form, as name=value.")
    ] = None,
    part: Annotated[
        list[str] | None,
        typer.Option(help="A part of a multipart body: name=value or name=@file."),
    ] = None,
    basic: Annotated[
        str | None, typer.Option(help="Basic authentication.", metavar="USER:PASSWORD")
    ] = None,
    bearer: Annotated[
        str | None, typer.Option(help="A bearer token: '${env:TOKEN}'.", metavar="TOKEN")
    ] = None,
    cookies: Annotated[
        bool, typer.Option("--cookies", help="Keep the cookies of each user.")
    ] = False,
    compressed: Annotated[
        bool, typer.Option("--compressed", help="Ask for gzip and deflate.")
    ] = False,
    redirects: Annotated[
        int, typer.Option(min=0, max=20, help="Follow so many redirects of the same origin.")
    ] = 0,
    allow_host: Annotated[
        list[str] | None, typer.Option(help="A host besides this machine that may be loaded.")
    ] = None,
    processes: Annotated[
        str, typer.Option(help="Load processes; auto: one for each core beside the target.")
    ] = "1",
    pin: Annotated[bool, typer.Option("--pin", help="Hold each process on a core.")] = False,
    no_keep_alive: Annotated[
        bool, typer.Option("--no-keep-alive", help="A new connection for each request.")
    ] = False,
    connections: Annotated[
        int | None,
        typer.Option(min=1, help="With --rate: open no more at once; waiting for one counts."),
    ] = None,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Do not verify the server's certificate.")
    ] = False,
    ca: Annotated[
        str | None, typer.Option(help="A PEM file of the authorities to trust.", metavar="FILE")
    ] = None,
    unix_socket: Annotated[
        str | None, typer.Option(help="Connect to this Unix socket.", metavar="PATH")
    ] = None,
    source_address: Annotated[
        list[str] | None, typer.Option(help="Connect from this address; several: in turn.")
    ] = None,
    proxy: Annotated[
        str | None, typer.Option(help="An HTTP proxy: http://127.0.0.1:3128.", metavar="URL")
    ] = None,
    http: Annotated[
        str, typer.Option("--http", help="1.1, 2 or 3; 2 and 3 need the extra http3.")
    ] = "1.1",
    as_json: AsJson = False,
) -> ExitCode:
    """Load one URL quickly, without an example, and print the same figures."""
    from perfstress.commands.hit import hit as command  # delayed: numpy
    from perfstress.commands.loadoptions import LoadOptions
    from perfstress.commands.requestoptions import RequestOptions

    return command(
        url,
        load=LoadOptions(
            rate=rate,
            concurrency=concurrency,
            users=users,
            think=think,
            pacing=pacing,
            duration=duration,
            requests=requests,
            iterations=iterations,
            arrivals=arrivals,
            timeout=timeout,
        ),
        request=RequestOptions(
            method=method,
            headers=headers or [],
            body=body,
            body_file=body_file,
            form=form or [],
            parts=part or [],
            basic_auth=basic,
            bearer=bearer,
            cookies=cookies,
            compressed=compressed,
            redirects=redirects,
        ),
        allow_hosts=allow_host or [],
        processes=processes,
        pin=pin,
        keep_alive=not no_keep_alive,
        connections=connections,
        insecure=insecure,
        ca=ca,
        unix_socket=unix_socket,
        source_addresses=source_address or [],
        proxy=proxy,
        http=http,
        as_json=as_json,
        out=sys.stdout,
        err=sys.stderr,
    )


@app.command()
def promote(
    run: RunName,
    tier: Annotated[
        Tier | None,
        typer.Option(
            help="The first tier that replays it. Default: smoke up to a minute, then full, soaks "
            "soak."
        ),
    ] = None,
) -> ExitCode:
    """Put an example that passed into the regression library."""
    from perfstress.archive import find_run
    from perfstress.commands.promote import promote as command  # delayed: numpy, psutil, httpx

    chosen = None if tier is None else tier.value
    return command(find_run(run), tier=chosen, out=sys.stdout, err=sys.stderr)


@app.command()
def replay(
    names: Annotated[list[str] | None, typer.Argument(help="Entries; default: all.")] = None,
    tier: Annotated[Tier, typer.Option(help="How much to replay.")] = Tier.smoke,
    as_json: AsJson = False,
) -> ExitCode:
    """Run the regression library again."""
    from perfstress.commands.replay import replay as command  # delayed: numpy, psutil, httpx

    return command(names or [], tier=tier.value, as_json=as_json, out=sys.stdout, err=sys.stderr)


@app.command()
def schema() -> ExitCode:
    """Print the JSON Schema of a worked example."""
    from perfstress.commands.schema import schema as command  # delayed: pydantic

    sys.stdout.write(command())
    return ExitCode.PASS


@app.command()
def doctor(as_json: AsJson = False) -> ExitCode:
    """Tell whether this machine is fit for runs, and what would make it so."""
    from perfstress.commands.doctor import doctor as command  # delayed: psutil

    return command(as_json, sys.stdout)


@app.command()
def selftest(
    only: Annotated[
        list[str] | None, typer.Option(metavar="CLASS", help="Try this finding class alone.")
    ] = None,
    as_json: AsJson = False,
) -> ExitCode:
    """Plant a defect of every finding class on this machine: each must be found."""
    from perfstress.commands.selftest import selftest as command  # delayed: starts processes

    return command(only or [], as_json=as_json, out=sys.stdout, err=sys.stderr)


@app.command()
def version() -> ExitCode:
    """Print the version."""
    from perfstress.commands.version import version as command

    return command(sys.stdout)


def _assignments(texts: list[str]) -> dict[str, str]:
    pairs = {}
    for text in texts:
        path, equals, value = text.partition("=")
        if not equals or not path.strip():
            raise UsageError(
                f"--set {text}: not of the form PATH=VALUE",
                hint="such as --set target.env.DEBUG=1",
                slug="bad-set",
            )
        pairs[path.strip()] = value
    return pairs


def run(arguments: list[str]) -> int:
    """Run the command line and give back its exit code; every error ends here, and nowhere else."""
    try:
        result = app(arguments, standalone_mode=False, prog_name="perfstress")
        sys.stdout.flush()
        return int(result) if isinstance(result, int) else 0
    except PerfstressError as error:
        _tell(error)
        return int(error.exit_code)
    except (typer.Abort, KeyboardInterrupt):  # typer makes the one of the other
        sys.stderr.write("interrupted\n")
        return int(ExitCode.INTERRUPTED)
    except SystemExit as left:
        if isinstance(left.__context__, OSError):  # typer leaves with 1, which is FAIL, on EPIPE
            return _usage_or_bug(left.__context__, arguments)
        raise
    except Exception as error:
        return _usage_or_bug(error, arguments)


def _usage_or_bug(error: Exception, arguments: list[str]) -> int:
    """A wrong command line is shown as the parser says it; anything else is ours, with a log."""
    show = getattr(error, "show", None)
    if callable(show):
        show()
        return int(getattr(error, "exit_code", ExitCode.USAGE))
    if isinstance(error, OSError) and error.errno in _FULL:
        where = error.filename or "the disk or standard output"
        _tell(UsageError(f"{where}: {error.strerror}", hint="free some space", slug="disk-full"))
        return int(ExitCode.USAGE)
    details = (
        f"perfstress {__version__}, Python {sys.version}, {platform.platform()}\n"
        f"command: perfstress {' '.join(arguments)}\n\n"
        f"{''.join(traceback.format_exception(error))}"
    )
    sys.stderr.write(f"perfstress: a bug of ours: {type(error).__name__}: {error}\n")
    if path := _kept(details):
        sys.stderr.write(f"  hint: {path} has the details for a report\n")
    else:
        sys.stderr.write(f"  hint: the details for a report, which could not be kept:\n{details}")
    return int(ExitCode.BUG)


def _kept(details: str) -> Path | None:
    """The file with the details of a bug; None where there is no place for one."""
    try:
        state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
        path = Path(state, "perfstress", f"bug-{os.getpid()}.log")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(details, encoding="utf-8", errors="replace")
    except (OSError, RuntimeError):  # RuntimeError: there is no home
        return None
    return path


def _tell(error: PerfstressError) -> None:
    slug = f"  [{error.slug}]" if error.slug else ""
    sys.stderr.write(f"{error.message}{slug}\n")
    if error.hint:
        sys.stderr.write(f"  hint: {error.hint}\n")
