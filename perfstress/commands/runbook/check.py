"""``perfstress runbook check``: do the runbooks, the examples and git agree? For CI."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

from perfstress import phases, provenance, rules
from perfstress.agreement import disagreements, strangers
from perfstress.errors import ExitCode, Problem
from perfstress.phases import Runbook
from perfstress.standing import Standing, standings


def check(names: Sequence[str], *, as_json: bool, out: TextIO, err: TextIO) -> ExitCode:
    """Tell every problem of the runbooks of the phases named, or of all; USAGE when there is one.

    What git cannot tell is told and is no problem.
    """
    root = provenance.root_of(Path.cwd())
    runbooks, problems = phases.read_all(root, names)
    found = standings(root, runbooks, rules.weakening)
    problems += disagreements(root, runbooks, found, rules.weakening)
    problems += strangers(root, names)
    problems.sort(key=lambda problem: (problem.path, problem.line, problem.column))
    if as_json:
        told = {
            "runbooks": [
                {"phase": each.phase, "path": each.display, "examples": list(each.examples)}
                for each in runbooks
            ],
            "problems": [dataclasses.asdict(problem) for problem in problems],
        }
        json.dump(told, out, indent=2)
        out.write("\n")
    for line in _told(runbooks, found, problems):
        (err if as_json else out).write(f"{line}\n")
    return ExitCode.USAGE if problems else ExitCode.PASS


def _told(
    runbooks: Sequence[Runbook], found: Sequence[Standing], problems: Sequence[Problem]
) -> Iterator[str]:
    yield from map(str, problems)
    unknown: dict[str, int] = {}
    for standing in found:
        if standing.origin is not None and standing.origin.state == "cannot-tell":
            unknown[standing.origin.reason] = unknown.get(standing.origin.reason, 0) + 1
    for reason, count in unknown.items():
        yield f"git cannot tell what came first, of {_plural(count, 'example')}: {reason}"
    said = _plural(len(problems), "problem") if problems else "no problems"
    yield f"{_plural(len(runbooks), 'runbook')}, {_plural(len(found), 'example')}, {said}"


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
