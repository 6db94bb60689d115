"""Whether runbooks, worked examples and git agree: what ``runbook check`` holds against them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from perfstress import library, loading, phases, provenance
from perfstress.errors import Problem
from perfstress.phases import Runbook, Seal
from perfstress.provenance import Compare
from perfstress.standing import Standing, answered, change_line


def disagreements(
    root: Path, runbooks: Sequence[Runbook], standings: Sequence[Standing], compare: Compare
) -> Iterator[Problem]:
    """Every problem between what runbooks say, which examples there are, and what git shows."""
    homes: dict[str, Runbook] = {}
    by_phase = {(each.phase, each.example): each for each in standings}
    for runbook in runbooks:
        for name in runbook.examples:
            place = runbook.place_of(name)
            if name in homes:
                message = f"{name} is named in {homes[name].display} too"
                hint = "an example belongs to one phase"
                yield Problem(runbook.display, "named-twice", message, hint, *place)
                continue
            homes[name] = runbook
            standing = by_phase[runbook.phase, name]
            yield from _example(runbook, standing, place)
            yield from _seals(root, runbook, standing, compare)


def strangers(root: Path, phase_names: Sequence[str] = ()) -> Iterator[Problem]:
    """Examples that no runbook names; of the phases named, where any are."""
    runbooks = [found for path in phases.files(root) if (found := phases.check(path)[0])]
    named = {name for runbook in runbooks for name in runbook.examples}
    pages = {path.stem for path in phases.files(root)}
    for path in library.worked_examples(root):
        if path.stem in named:
            continue
        loaded, _ = loading.check(path)
        phase = None if loaded is None else loaded.example.phase
        if phase_names and phase not in phase_names:
            continue
        if loaded is None:
            message, place = "no runbook names this example", (1, 1)
        elif phase is None:
            message, place = "says no phase, and no runbook names it", (1, 1)
        else:
            at = loaded.positions["phase",]
            message, place = f"phase: {phase}, whose runbook does not name it", (at.line, at.column)
        where = f"{phases.FOLDER}/{phase or 'PHASE'}.md"
        hint = f"add {path.stem} to the examples of {where}"
        if phase is not None and phase not in pages:
            message = f"phase: {phase} has no runbook"
            hint = f"perfstress runbook new {phase} --example {path.stem}"
        yield Problem(str(phases.shown(path)), "no-runbook", message, hint, *place)


def _example(runbook: Runbook, standing: Standing, place: tuple[int, int]) -> Iterator[Problem]:
    name, page = standing.example, runbook.display
    if standing.path is None and standing.sealed is not None:
        return  # the seal lands before the example where all the rest is squashed
    if standing.path is None:
        hint = f"perfstress draft {name} --kind KIND --phase {runbook.phase}  writes it"
        message = f"{name}: there is no {library.WORKED_EXAMPLES}/{name}.yaml"
        yield Problem(page, "no-example", message, hint, *place)
        return
    if standing.loaded is None:
        count = len(standing.problems)
        message = f"{name} cannot be read: {count} problem{'s' * (count != 1)}"
        hint = f"perfstress lint {phases.shown(standing.path)}"
        yield Problem(page, "bad-example", message, hint, *place)
        return
    said, file = standing.loaded.example.phase, str(phases.shown(standing.path))
    if said != runbook.phase:
        at = standing.loaded.positions.get(("phase",))
        spot = (at.line, at.column) if at is not None else (1, 1)
        message = f"phase: {said}" if said else "says no phase"
        message += f", and {runbook.display} names it"
        yield Problem(file, "other-phase", message, f"phase: {runbook.phase}", *spot)
    if "too late" in standing.states and standing.origin is not None:
        hint = "commit the next example before its code; this one promised nothing"
        yield Problem(page, "too-late", f"{name}: {standing.origin.reason}", hint, *place)
    for change in standing.unanswered:
        yield _weakened(runbook, name, change, place)


def _weakened(
    runbook: Runbook, name: str, change: Mapping[str, Any], place: tuple[int, int]
) -> Problem:
    commit, line = str(change["commit"]), change_line(change)
    short = commit if commit == provenance.UNCOMMITTED else commit[:7]
    message = f"{name} was weakened without a stated reason ({short}): {line}"
    hint = f'restore it, or add  weakened: [{{example: {name}, changes: ["{line}"], reason: …}}]'
    return Problem(runbook.display, "weakened", message, hint, *place)


def _seals(root: Path, runbook: Runbook, standing: Standing, compare: Compare) -> Iterator[Problem]:
    """What speaks against the seals of an example: a seal is a promise about one text."""
    made = [seal for seal in runbook.seals if seal.example == standing.example]
    if not made or standing.path is None:
        return
    for seal in made:
        blob = provenance.blob_at(root, seal.commit, standing.path)
        if blob is not None and blob != seal.blob:
            message = (
                f"{seal.example}: sealed as blob {seal.blob[:7]} of commit {seal.commit[:7]}, "
                f"which has {blob[:7]}"
            )
            hint = "restore the seal from git; only  perfstress seal  writes one"
            yield Problem(
                runbook.display, "seal-broken", message, hint, *_place(runbook, made, seal)
            )
    yield from _since(root, runbook, standing, made[-1], compare)


def _place(runbook: Runbook, made: Sequence[Seal], seal: Seal) -> tuple[int, int]:
    return runbook.seal_places[runbook.seals.index(seal)]


def _since(
    root: Path, runbook: Runbook, standing: Standing, seal: Seal, compare: Compare
) -> Iterator[Problem]:
    """What became of the text since its last seal.

    Before the code begins a changed example is sealed again. Afterwards it cannot be; it may still
    become harder to pass, not easier.
    """
    if standing.path is None:
        return
    present = provenance.blob_of(root, standing.path)
    if present is None or present == seal.blob:
        return
    place = _place(runbook, [seal], seal)
    begun = "implementation begun" in standing.states
    name = standing.example
    if not begun:
        message = f"{name}: its text is {present[:7]}, and {seal.blob[:7]} was sealed"
        hint = f"commit it, and  perfstress seal {name}  again: the code has not begun"
        yield Problem(runbook.display, "seal-broken", message, hint, *place)
        return
    older = provenance.blob_text(root, seal.blob)
    if older is None:
        message = f"{name}: its text is {present[:7]}, and the sealed {seal.blob[:7]} is not here"
        hint = f"git fetch origin {seal.commit}  brings the commit that was sealed"
        yield Problem(runbook.display, "seal-broken", message, hint, *place)
        return
    known = answered(runbook, name) | {
        change_line(change) for change in (standing.origin.weakened if standing.origin else ())
    }
    newer = standing.path.read_text(encoding="utf-8")
    for change in compare(older, newer):
        if (line := change_line(change)) not in known:
            message = f"{name} was weakened since it was sealed: {line}"
            hint = f'restore it, or add  weakened: [{{example: {name}, changes: ["{line}"], …}}]'
            yield Problem(runbook.display, "seal-broken", message, hint, *place)
