"""``perfstress ledger``: what the discipline has caught, what it cost, and what mended it."""

from __future__ import annotations

import json
import shutil
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

from perfstress import provenance
from perfstress.errors import ExitCode, UsageError
from perfstress.ledger import (
    FILE,
    Catch,
    caught_in,
    kept,
    record,
    unknown_commits,
    with_trailers,
)
from perfstress.units import human_count, human_duration

WIDEST = 100


def ledger(*, as_json: bool, output: Path | None = None, out: TextIO, err: TextIO) -> ExitCode:
    """Tell everything that was caught in the project that the current folder belongs to; as a page
    with ``output``. Raises UsageError.
    """
    root = provenance.root_of(Path.cwd())
    catches = with_trailers(root, kept(root))
    unknown = unknown_commits(root, catches)
    if output is not None:
        _draw(catches, unknown, output)
        err.write(f"wrote {output}\n")
        if not as_json:
            return ExitCode.PASS
    if as_json:
        json.dump(document(catches, unknown), out, indent=1)
        out.write("\n")
    width = min(shutil.get_terminal_size((80, 24)).columns, WIDEST)
    text = err if as_json else out
    for line in _told(catches, unknown, width):
        text.write(f"{line}\n")
    return ExitCode.PASS


def add(run: Path, *, mended: str | None, out: TextIO) -> ExitCode:
    """Put what a failing run has found into the ledger, with the commit that mended it."""
    root = provenance.root_of(Path.cwd())
    new = record(root, caught_in(run, root, mended))
    for one in new:
        out.write(f"caught: {one.kind} of {one.resource} by {one.example}\n")
    if new:
        out.write(f"next: commit {FILE}\n")
    else:
        out.write("the ledger has it already\n")
    return ExitCode.PASS


def document(catches: Sequence[Catch], unknown: set[str]) -> dict[str, Any]:
    """The object of ``ledger --json``."""
    mended = [one for one in catches if one.mended]
    return {
        "caught": [
            {
                **one.as_json(),
                "cost_s": round(one.cost_s, 1),
                "in_this_clone": _is_here(one, unknown),
            }
            for one in catches
        ],
        "totals": {
            "catches": len(catches),
            "examples": len({one.example for one in catches}),
            "classes": sorted({one.kind for one in catches}),
            "mended": len(mended),
            "cost_s": round(sum(_costs(catches).values()), 1),
        },
    }


def _draw(catches: Sequence[Catch], unknown: set[str], output: Path) -> None:
    from perfstress.reports import caught, rendering  # delayed: jinja2

    if output.suffix != ".html":
        raise UsageError(
            f"{output}: the ledger is drawn as a page",
            hint="a name that ends in .html",
            slug="bad-option",
        )
    told = [
        caught.Told(
            one.kind,
            one.label,
            one.resource,
            one.example,
            one.summary,
            one.mended is not None,
            list(_facts(one, unknown)),
        )
        for one in catches
    ]
    rendering.write_page(output, caught.page(summary(catches), told))


def _facts(one: Catch, unknown: set[str]) -> Iterator[tuple[str, str]]:
    """What there is to say of a catch, with what each is."""
    yield "found", found(one).removeprefix("found ")
    yield "mended", mending(one).removeprefix("mended ") if one.mended else "not yet"
    if one.per_op is not None:
        yield "size", f"{human_count(one.per_op)} {one.unit}"
    if one.seconds:
        yield "cost", cost(one)
    if one.changed:
        yield "run", one.changed
    if not _is_here(one, unknown):
        yield "proof", "a commit that this clone does not have"


def summary(catches: Sequence[Catch]) -> str:
    """The ledger in a line: ``2 catches by 2 examples, 1 of them mended, for 4 min of load``."""
    if not catches:
        return "the ledger is empty: no run that failed has been put into it"
    count = len(catches)
    examples = len({one.example for one in catches})
    mended = sum(one.mended is not None for one in catches)
    cost_s = sum(_costs(catches).values())
    return (
        f"{count} catch{'' if count == 1 else 'es'} by {examples} "
        f"example{'' if examples == 1 else 's'}, {mended} mended"
        f"{f', for {human_duration(cost_s)} of load' if cost_s else ''}"
    )


def _costs(catches: Sequence[Catch]) -> dict[tuple[str, str], float]:
    """Each run once: several findings of one run cost it once."""
    return {(one.example, one.run): one.cost_s for one in catches}


def _is_here(one: Catch, unknown: set[str]) -> bool:
    return not {one.found, one.mended} & unknown


def _told(catches: Sequence[Catch], unknown: set[str], width: int) -> Iterator[str]:
    yield from textwrap.wrap(summary(catches), width)
    if not catches:
        yield "  hint: perfstress ledger add RUN  puts in what a failing run has found"
        return
    for one in catches:
        yield ""
        yield from _one(one, unknown, width)


def _one(one: Catch, unknown: set[str], width: int) -> Iterator[str]:
    head = f"{one.kind}  {one.resource}  by {one.example}"
    yield from textwrap.wrap(head, width, subsequent_indent="    ", break_on_hyphens=False)
    facts = [found(one), mending(one), *(fact for _, fact in list(_facts(one, unknown))[2:])]
    for text in (", ".join(facts), one.summary):
        yield from textwrap.wrap(
            text, width, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False
        )


def found(one: Catch) -> str:
    """When and where it was found."""
    commit = one.found[:7] if one.found else "an unknown commit"
    dirty = " with uncommitted changes" if one.dirty else ""
    return f"found at {commit}{dirty} on {one.found_at[:10]}"


def cost(one: Catch) -> str:
    """What the run took."""
    processes = "" if one.processes == 1 else f" × {one.processes} processes"
    return f"{human_duration(one.seconds)} of load{processes}"


def mending(one: Catch) -> str:
    """What mended it, as far as that is known."""
    if one.mended is None:
        return "not mended yet"
    return f"mended {'by' if one.at_the_latest else 'in'} {one.mended[:7]}"
