"""``perfstress shapes``: the map of stressed shapes against production, and what is still empty."""

from __future__ import annotations

import json
import shutil
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from perfstress import provenance
from perfstress.errors import ExitCode, UsageError
from perfstress.ledger import kept
from perfstress.shapemap import drawing, words
from perfstress.shapemap.crowds import crowds, ranked
from perfstress.shapemap.regions import Gap, Region, RegionState, states_of
from perfstress.shapemap.targets import Mapped, Stressed
from perfstress.survey import Survey, survey

States = Mapping[str, Mapping[Region, RegionState]]

# Up to so many targets are drawn; of more, each is a line, and so is a phase with a crowd of them.
DRAWN = 3
PROPOSED = 5
WIDEST = 100


def shapes(
    wanted: Sequence[str],
    *,
    as_json: bool,
    output: Path | None = None,
    out: TextIO,
    err: TextIO,
) -> ExitCode:
    """Draw the map of the project that the current folder belongs to, or of some of its phases; to
    a page or a picture with ``output``. Raises UsageError.
    """
    if output is not None and output.suffix not in (".html", ".svg"):
        raise UsageError(
            f"{output}: a map is drawn as a page or as a picture",
            hint="a name that ends in .html or .svg",
            slug="bad-option",
        )
    root = provenance.root_of(Path.cwd())
    found = survey(root).only(wanted)
    states = {target.name: states_of(target) for target in found.targets}
    gaps = ranked(found.targets, states, {one.kind for one in kept(root)})
    if output is not None:
        _draw(found, states, gaps, output)
        err.write(f"wrote {output}\n")
        if not as_json:
            return ExitCode.PASS
    if as_json:
        json.dump(_document(found, states, gaps), out, indent=1)
        out.write("\n")
    width = min(shutil.get_terminal_size((80, 24)).columns, WIDEST)
    text = err if as_json else out
    for line in _told(found, states, gaps, width, bool(wanted)):
        text.write(f"{line}\n")
    return ExitCode.PASS


def _draw(found: Survey, states: States, gaps: Sequence[Gap], output: Path) -> None:
    from perfstress.reports import mapped, rendering  # delayed: jinja2

    if output.suffix == ".html":
        rendering.write_page(output, mapped.page(found.targets, states, gaps))
    else:
        rendering.write_page(output, mapped.svg(found.targets, states))


# ---------------------------------------------------------------- for programs
def _document(found: Survey, states: States, gaps: Sequence[Gap]) -> dict[str, Any]:
    return {
        "targets": [
            {
                "name": target.name,
                "phases": list(target.phases),
                "production": target.envelope.as_json(),
                "orderings": list(target.orderings),
                "regions": [
                    {**region.as_json(), "state": state}
                    for region, state in states[target.name].items()
                ],
            }
            for target in found.targets
        ],
        "examples": [_example(target, one) for target in found.targets for one in target.examples],
        "empty": [
            {
                "target": gap.target.name,
                **gap.region.as_json(),
                "score": gap.score,
                "classes": list(gap.region.classes),
                "asks_for": words.asked(gap.region, gap.target.envelope),
            }
            for gap in gaps
        ],
        "unread": [
            {"path": one.path, "slug": one.slug, "message": one.message} for one in found.unread
        ],
    }


def _example(target: Stressed, one: Mapped) -> dict[str, Any]:
    return {
        "name": one.name,
        "path": one.path,
        "kind": one.example.kind,
        "phase": one.example.phase,
        "target": target.name,
        "state": one.state,
        "orderings": sorted(one.drafted.orderings),
        "drafted": target.drafted[one.name].as_json(),
        "visited": [shares.as_json() for shares in target.visited[one.name]],
        "runs_not_counted": dict(one.not_counted or {}),
    }


# ---------------------------------------------------------------- for people
def _told(
    found: Survey, states: States, gaps: Sequence[Gap], width: int, asked: bool
) -> Iterator[str]:
    if not found.targets and not found.unread:
        yield "there are no worked examples here, so there is nothing to draw"
        yield "  hint: perfstress draft NAME --kind load  writes one"
        return
    whole = asked or len(found.targets) <= DRAWN
    together = {} if whole else crowds(found.targets)
    crowded = {target.name for those in together.values() for target in those}
    for target in found.targets:
        if target.name not in crowded:
            yield from _target(target, states[target.name], width, whole)
    for phase, targets in together.items():
        held = [state for target in targets for state in states[target.name].values()]
        told = f"{phase}: {len(targets)} targets, {_visited(held)}"
        yield from _wrapped(f"{told}; perfstress shapes {phase}  tells them", width, "    ")
    if not whole:
        every = [state for held in states.values() for state in held.values()]
        yield f"{len(found.targets)} targets, {_visited(every)}"
    idle = [one.name for target in found.targets for one in target.examples if not one.visited]
    if idle:
        yield from _wrapped(f"never run to a verdict: {words.classes(idle, 8)}", width, "    ")
    if found.targets:
        yield from _next(gaps, width)
    else:
        yield "none of the worked examples can be read, so there is nothing to draw"
    for problem in found.unread:
        yield f"left out: {problem}"


def _target(
    target: Stressed, states: Mapping[Region, RegionState], width: int, whole: bool
) -> Iterator[str]:
    told = _visited(list(states.values()))
    count = f"{len(target.examples)} example{'' if len(target.examples) == 1 else 's'}"
    if not whole:
        yield from _wrapped(f"{target.name}: {count}, {told}", width, "    ")
        return
    phases = ", ".join(target.phases) or "no phase"
    yield from _wrapped(f"{target.name} ({phases}; {count})", width, "    ")
    yield from _wrapped(f"production: {words.production(target.envelope)}", width, "    ")
    yield ""
    yield from drawing.draw(target, states, width)
    yield from _wrapped(told, width, "    ")
    yield ""


def _visited(held: Sequence[RegionState]) -> str:
    told = f"{held.count('visited')} of {len(held)} regions visited"
    drafted = held.count("drafted")
    return f"{told}, {drafted} only drafted" if drafted else told


def _next(gaps: Sequence[Gap], width: int) -> Iterator[str]:
    if not gaps:
        yield "every region of production has an example"
        return
    yield ""
    yield "Nobody has visited, the likeliest trouble first:"
    for number, gap in enumerate(gaps[:PROPOSED], 1):
        asked = words.asked(gap.region, gap.target.envelope)
        yield from _wrapped(f"{number:2}. {gap.target.name}: {asked}", width, "    ")
        yield from _wrapped(f"    lives there: {words.classes(gap.region.classes)}", width, "    ")
    if len(gaps) > PROPOSED:
        yield f"    and {len(gaps) - PROPOSED} more, with --json"
    yield "next: perfstress draft --fill  writes the first of them"


def _wrapped(text: str, width: int, indent: str) -> list[str]:
    return textwrap.wrap(
        text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
