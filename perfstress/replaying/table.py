"""A plan, or what came of a replay, for people: a table on a terminal, lines elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from perfstress.comparing import words
from perfstress.comparing.compared import Compared
from perfstress.replaying.plan import LeftOut, Plan
from perfstress.replaying.results import Replayed, Summary
from perfstress.units import human_duration

COLOURS = {"PASS": "green", "FAIL": "red", "INCONCLUSIVE": "yellow", "ERROR": "red"}


def plan(plan: Plan, out: TextIO) -> None:
    """The entries in the order in which they would run, and why each is where it is."""
    rows = [
        (
            str(number),
            one.name,
            human_duration(one.seconds) if one.seconds else "-",
            "; ".join(one.why),
        )
        for number, one in enumerate(plan.planned, 1)
    ]
    _rows(("", "entry", "takes", "why first"), rows, out)
    _left_out(plan.left_out, out)
    wanted = plan.wanted
    budget = f" of {human_duration(wanted.budget_s)}" if wanted.budget_s is not None else ""
    total = len(plan.planned) + len(plan.left_out)
    takes = f", about {human_duration(plan.seconds)}{budget}" if plan.seconds else ""
    counted = f"{len(plan.planned)} of {total} entries{takes}"
    out.write(f"plan: {counted} (tier {wanted.tier}{_part(plan)}); nothing was run\n")


def summary(summary: Summary, out: TextIO) -> None:
    """A row for each entry, what was found in sentences, what was not run, the verdict of all."""
    rows = [
        (result.verdict, result.name, result.took, result.retried) for result in summary.results
    ]
    _rows(("verdict", "entry", "took", ""), rows, out)
    for result in summary.results:
        _told(result, out)
        _compared(result, summary.plan.wanted.against is not None, out)
    _left_out(summary.left_out, out)
    tier = summary.plan.wanted.tier
    counted = f"{summary.passed} of {len(summary.results)} passed"
    if summary.left_out:
        counted += f", {len(summary.left_out)} not run"
    took = f", {human_duration(summary.seconds)}" if summary.results else ""
    out.write(f"replay: {summary.verdict}: {counted} (tier {tier}{_part(summary.plan)}{took})\n")
    if summary.interrupted:
        out.write("  what has ended is kept; go on with  perfstress replay --resume\n")


def _part(plan: Plan) -> str:
    shard = plan.wanted.shard
    return "" if shard is None else f", shard {shard[0]}/{shard[1]}"


def _told(result: Replayed, out: TextIO) -> None:
    elsewhere = {result.retried, *result.regressed}
    sentences = [sentence for sentence in result.told if sentence not in elsewhere]
    if not sentences:
        return
    out.write(f"\n{result.name}: {result.verdict}\n")
    for sentence in sentences:
        first, *rest = sentence.splitlines() or [""]
        out.write("".join(f"  {line}\n" for line in (first, *rest)))
    if result.hint:
        out.write(f"  hint: {result.hint}\n")
    if result.run:
        out.write(f"  perfstress report {result.run}\n")


def _compared(result: Replayed, whole: bool, out: TextIO) -> None:
    """Each figure beside what it was, or where nobody asked for that what became worse alone."""
    compared = [Compared.from_json(one) for one in result.comparison]
    shown = compared if whole else [one for one in compared if one.is_worse]
    if shown:
        out.write(f"\n{result.name}, compared:\n")
    for line in words.lines(shown):
        out.write(f"  {line}\n")


def _left_out(left_out: Sequence[LeftOut], out: TextIO) -> None:
    if left_out:
        out.write("\nnot run:\n")
    for left in left_out:
        out.write(f"  {left.name}: {left.why}\n")
    if left_out:
        out.write("\n")


def _rows(heads: Sequence[str], rows: Sequence[Sequence[str]], out: TextIO) -> None:
    """A table for a terminal; elsewhere a line for each row, in columns and never folded."""
    if not rows:
        return
    if not out.isatty():
        widths = [max(len(row[column]) for row in rows) for column in range(len(heads))]
        for row in rows:
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            out.write(("  " + "  ".join(cells)).rstrip() + "\n")
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for number, head in enumerate(heads):
        table.add_column(head, overflow="fold", no_wrap=number == 0)
    for row in rows:
        table.add_row(*(Text(cell, style=COLOURS.get(cell, "")) for cell in row))
    Console(file=out, markup=False, highlight=False, emoji=False).print(table)
