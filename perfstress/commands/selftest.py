"""``perfstress selftest``: planted defects of every finding class have to be found on this machine,
and their clean twins left alone.
"""

from __future__ import annotations

import dataclasses
import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TextIO

from perfstress.clock import now_ns
from perfstress.errors import ExitCode, UsageError
from perfstress.selftest import (
    AMPLIFIED,
    CASES,
    START,
    Case,
    Result,
    asking,
    counting,
    try_all,
)
from perfstress.units import NS_PER_S, human_duration
from perfstress.verdict import FINDING_CLASSES


def selftest(
    only: Sequence[str],
    *,
    as_json: bool,
    out: TextIO,
    err: TextIO,
    cases: Sequence[Case] = CASES,
) -> ExitCode:
    """Try all classes of ``cases`` and the one that wants a server, or those in ``only``: FAIL when
    one is missed or a twin is not clean, INCONCLUSIVE when all that speaks against it is that runs
    were. What wants a server is told as not tried where there is none.

    Raises UsageError for a class that cannot be tried.
    """
    tried, not_tried = _with_server(cases, only)
    _check(only, tried, not_tried)
    told = err if as_json else out
    began_ns = now_ns()

    def tell(result: Result) -> None:
        mark = "found, twin clean" if result.held else _wrong(result)
        told.write(f"{result.kind:<20} {mark}  ({result.case}, {result.seconds:.0f} s)\n")
        told.flush()

    with tempfile.TemporaryDirectory(prefix="perfstress-selftest-") as folder:
        results = try_all(tried, only, Path(folder), tell)
    missed = [result for result in results if result.is_wrong]
    unclear = [result for result in results if not result.held and not result.is_wrong]
    seconds = (now_ns() - began_ns) / NS_PER_S
    for kind, why in not_tried.items():
        told.write(f"{kind:<20} not tried: {why}\n")
    good = sum(result.held for result in results)
    left = f", {len(not_tried)} not tried" if not_tried else ""
    told.write(
        f"{good} of {len(results)} classes found with a clean twin{left}, "
        f"in {human_duration(seconds)}\n"
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


def _with_server(
    cases: Sequence[Case], only: Sequence[str]
) -> tuple[Sequence[Case], Mapping[str, str]]:
    """What can be tried here, and why the rest cannot."""
    if only and AMPLIFIED not in only:
        return cases, {}
    server, lacking = counting()
    if server is not None:
        return [*cases, asking(server)], {}
    why = "; ".join(f"{where}: {problem}" for where, problem in lacking.items())
    return cases, {AMPLIFIED: f"no server here counts what it is asked ({why}); {START}"}


def _check(only: Sequence[str], cases: Sequence[Case], not_tried: Mapping[str, str]) -> None:
    tried = {kind for case in cases for kind in case.classes}
    for kind in only:
        if kind in tried:
            continue
        why = not_tried.get(kind)
        known = ", ".join(one for one in FINDING_CLASSES if one in tried)
        raise UsageError(
            f"--only {kind}: {why or 'is not a finding class'}",
            hint=f"there is {known}",
            slug="bad-class",
        )
