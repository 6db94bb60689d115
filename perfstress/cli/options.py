"""The application, and the options that several commands share."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated

import typer

from perfstress.errors import UsageError

app = typer.Typer(
    name="perfstress",
    help="Finds what unit tests cannot: growth, leaks and collapse under production load.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 PASS, 1 FAIL, 2 usage or invalid example, 3 target, 4 guard, 70 bug, "
    "125 INCONCLUSIVE, 130 interrupted.",
)


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


# The headings of the help.
DESIGN = "Before the code"
RUN = "Run"
READ = "Read"
LIBRARY = "The regression library"
MACHINE = "This machine"


def assignments(texts: list[str]) -> dict[str, str]:
    """The places and values of ``--set``; raises UsageError."""
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
