"""``perfstress selftest``: planted defects of every finding class have to be found on this machine,
and their clean twins left alone.
"""

from __future__ import annotations

import dataclasses
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from perfstress.clock import now_ns
from perfstress.errors import ExitCode, UsageError
from perfstress.selftest import CASES, NOT_TRIED, Result, try_all
from perfstress.units import NS_PER_S, human_duration
from perfstress.verdict import FINDING_CLASSES


def selftest(only: Sequence[str], *, as_json: bool, out: TextIO, err: TextIO) -> ExitCode:
    """Try all classes, or those in ``only``: FAIL when one is missed or a twin is not clean,
    INCONCLUSIVE when all that speaks against it is that runs were.

    Raises UsageError for a class that cannot be tried.
    """
    _check(only)
    told = err if as_json else out
    began_ns = now_ns()

    def tell(result: Result) -> None:
        mark = "found, twin clean" if result.held else _wrong(result)
        told.write(f"{result.kind:<20} {mark}  ({result.case}, {result.seconds:.0f} s)\n")
        told.flush()

    with tempfile.TemporaryDirectory(prefix="perfstress-selftest-") as folder:
        results = try_all(CASES, only, Path(folder), tell)
    missed = [result for result in results if result.is_wrong]
    unclear = [result for result in results if not result.held and not result.is_wrong]
    seconds = (now_ns() - began_ns) / NS_PER_S
    not_tried = {} if only else NOT_TRIED
    for kind, why in not_tried.items():
        told.write(f"{kind:<20} not tried: {why}\n")
    good = sum(result.held for result in results)
    told.write(
        f"{good} of {len(results)} classes found with a clean twin, in {human_duration(seconds)}\n"
    )
    if as_json:
        document = {
            "held": good == len(results),
            "seconds": round(seconds, 1),
            "classes": [dataclasses.asdict(r) | {"held": r.held} for r in results],
            "not_tried": dict(not_tried),
        }
        out.write(json.dumps(document) + "\n")
    if missed:
        return ExitCode.FAIL
    return ExitCode.INCONCLUSIVE if unclear else ExitCode.PASS


def _wrong(result: Result) -> str:
    words = {True: "found", False: "MISSED", None: "UNCLEAR"}
    parts = [words[result.found]]
    if not result.clean:
        parts.append("TWIN UNCLEAR" if result.clean is None else "TWIN NOT CLEAN")
    return f"{', '.join(parts)}: {result.why}"


def _check(only: Sequence[str]) -> None:
    tried = {kind for case in CASES for kind in case.classes}
    for kind in only:
        if kind in tried:
            continue
        why = NOT_TRIED.get(kind)
        known = ", ".join(one for one in FINDING_CLASSES if one in tried)
        raise UsageError(
            f"--only {kind}: {why or 'is not a finding class'}",
            hint=f"there is {known}",
            slug="bad-class",
        )
