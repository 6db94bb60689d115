"""``perfstress runbook status``: how far each example of each phase has come."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from rich.table import Table
from rich.text import Text

from perfstress import phases, provenance, rules
from perfstress.errors import ExitCode, Problem
from perfstress.phases import Runbook
from perfstress.reports.text import console_for
from perfstress.standing import STATES, Standing, State, change_line, standings

NARROW = 80  # below this there is no room for details
_STATE_WIDTH = max(map(len, STATES))
_STYLES: Mapping[State, str] = {
    "missing": "red",
    "unreadable": "red",
    "failing": "red",
    "too late": "red",
    "weakened": "yellow",
    "promoted": "green",
    "discovered": "cyan",
    "cannot tell": "yellow",
}


def status(names: Sequence[str], *, as_json: bool, out: TextIO, err: TextIO) -> ExitCode:
    """Tell how far the examples of the phases named, or of all, have come; USAGE where a runbook
    cannot be read.
    """
    root = provenance.root_of(Path.cwd())
    runbooks, problems = phases.read_all(root, names)
    found = standings(root, runbooks, rules.weakening)
    if as_json:
        json.dump({"phases": [_phase(each, found) for each in runbooks]}, out, indent=2)
        out.write("\n")
    told = err if as_json else out
    if told.isatty():
        console = console_for(told)
        for part in _tables(runbooks, found, console.width):
            console.print(part)
        console.print(Text(_counted(runbooks, found)))
    else:
        for line in _lines(found):
            told.write(f"{line}\n")
        told.write(f"{_counted(runbooks, found)}\n")
    read = {runbook.display for runbook in runbooks}
    for line in _amiss(problems, read):
        err.write(f"{line}\n")
    unread = any(problem.path not in read for problem in problems)
    return ExitCode.USAGE if unread else ExitCode.PASS


def _phase(runbook: Runbook, found: Sequence[Standing]) -> dict[str, Any]:
    return {
        "phase": runbook.phase,
        "title": runbook.title,
        "path": runbook.display,
        "examples": [each.as_json() for each in found if each.phase == runbook.phase],
    }


def _amiss(problems: Sequence[Problem], read: set[str]) -> Iterator[str]:
    """Why a runbook could not be read; of the others, that there is more to know."""
    for problem in problems:
        if problem.path not in read:
            yield str(problem)
    for path, count in Counter(each.path for each in problems if each.path in read).items():
        phase = Path(path).stem
        yield f"{path}: {_plural(count, 'problem')}:  perfstress runbook check {phase}"


# ---------------------------------------------------------------- for people
def _tables(
    runbooks: Sequence[Runbook], found: Sequence[Standing], width: int
) -> Iterator[Text | Table]:
    """A heading and a table for each phase; without details on a narrow terminal."""
    name_width = max((len(each.example) for each in found), default=0)
    for runbook in runbooks:
        title = f"  {runbook.title}" if runbook.title != runbook.phase else ""
        yield Text.assemble((runbook.phase, "bold"), (title, "dim"))
        table = Table(box=None, show_header=False, padding=(0, 0, 0, 2), pad_edge=True)
        table.add_column(no_wrap=width >= NARROW, min_width=name_width, overflow="fold")
        table.add_column(overflow="fold", min_width=_STATE_WIDTH)
        if width >= NARROW:
            table.add_column(overflow="fold", ratio=1)
        for standing in found:
            if standing.phase == runbook.phase:
                state, more = standing.states[0], Text(detail(standing), style="dim")
                first = Text(standing.example), Text(state, style=_STYLES.get(state, ""))
                table.add_row(*first, *([more] if width >= NARROW else []))
        yield table
        yield Text("")


def _lines(found: Sequence[Standing]) -> Iterator[str]:
    """The same for a pipe: a line for each example, nothing wrapped."""
    rows = [(each.phase, each.example, str(each.states[0])) for each in found]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
    for row, standing in zip(rows, found, strict=True):
        cells = [text.ljust(width) for text, width in zip(row, widths, strict=True)]
        yield "  ".join([*cells, detail(standing)]).rstrip()


def _counted(runbooks: Sequence[Runbook], found: Sequence[Standing]) -> str:
    """How many there are in each state."""
    counts = Counter(each.states[0] for each in found)
    said = [f"{counts[state]} {state}" for state in STATES if counts[state]]
    what = f"{_plural(len(runbooks), 'phase')}, {_plural(len(found), 'example')}"
    return f"{what}: {', '.join(said)}" if said else what


def detail(standing: Standing) -> str:
    """What there is to know of an example beside the name of its state."""
    state, origin, run, entry = (
        standing.states[0], standing.origin, standing.run, standing.promoted,
    )  # fmt: skip
    if state == "missing" and standing.sealed is not None:
        return f"sealed on {_day(standing.sealed.at)}, still to land"
    if state == "missing":
        return f"no worked example has this name: perfstress draft {standing.example}"
    if state == "unreadable" and standing.path is not None:
        found = _plural(len(standing.problems), "problem")
        return f"{found}: perfstress lint {phases.shown(standing.path)}"
    if state == "weakened":
        more = len(standing.unanswered) - 1
        first = change_line(standing.unanswered[0])
        return f"{first}, and {more} more" if more else first
    if state == "promoted" and entry is not None:
        if entry.problem is not None:
            return f"damaged: {entry.problem.message}"
        said = (
            f"at {_short(entry.baseline.get('commit'))}, {_day(entry.baseline.get('promoted_at'))}"
        )
        return f"{said}; the example has changed since" if standing.renewed else said
    if state in ("failing", "discovered") and run is not None:
        return f"{run.verdict} on {_day(run.at)}: {phases.shown(run.folder)}"
    return "" if origin is None else _of_git(state, origin)


def _of_git(state: State, origin: provenance.Provenance) -> str:
    if state in ("too late", "cannot tell"):
        return origin.reason
    if state == "implementation begun":
        begun, added = _short(origin.implementation_commit), _short(origin.example_commit)
        return f"in {begun}, after the example ({added})"
    if state == "committed":
        return f"in {_short(origin.example_commit)}, not implemented yet"
    return "not committed yet" if state == "drafted" else ""


def _short(commit: Any) -> str:
    return str(commit or "no commit")[:7]


def _day(at: Any) -> str:
    return str(at or "")[:10]


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
