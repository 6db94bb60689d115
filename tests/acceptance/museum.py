"""Runs the examples of the museum with the release that has the defect and with the one that mends
it, and compares what perfstress says with what is documented.

usage: ``python -m tests.acceptance.museum [--only a,b] [--version defective|mended|both]``

Takes about a minute for each run, needs the package index (pip, npm), PostgreSQL on 127.0.0.1:5432
and Redis on 127.0.0.1:6379 for some, and is not part of the test suite. A defective release is
found when the exit code is 1 and one of the expected classes is among what fails. A mended one is
quiet when nothing fails; it is right when the verdict is PASS, and ``open`` when it is
INCONCLUSIVE. Exit code 0 when nothing was wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from perfstress.errors import ExitCode
from tests.acceptance.museum_cases import CASES, Case
from tests.acceptance.truth import ROOT

EXAMPLES = ROOT / "worked_examples" / "museum"
WITHIN_S = 300.0
COLUMNS = "{:<20}{:<11}{:>8}{:>6}  {:<38}{:<38}{}"


@dataclass(frozen=True)
class Outcome:
    """What one run of one release said. ``found`` are the classes that fail, ``noted`` those that
    are told and do not.
    """

    case: str
    version: str
    seconds: float
    exit_code: int
    found: tuple[str, ...]
    noted: tuple[str, ...]
    expected: tuple[str, ...]
    judged: str
    summary: str
    run: str

    def row(self) -> str:
        """A line of the table."""
        said = ", ".join(self.found) + (f" ({', '.join(self.noted)})" if self.noted else "")
        expected = ", ".join(self.expected) if self.version == "defective" else "nothing"
        return COLUMNS.format(
            self.case,
            self.version,
            f"{self.seconds:.0f}",
            self.exit_code,
            said or "nothing",
            expected,
            self.judged,
        )


def judged(case: Case, version: str, exit_code: int, found: Sequence[str]) -> str:
    """``right``, ``open`` (quiet, but INCONCLUSIVE), or what is wrong."""
    if version == "defective":
        if exit_code != ExitCode.FAIL:
            return "open" if exit_code == ExitCode.INCONCLUSIVE else "WRONG: missed"
        return "right" if set(found) & set(case.expect) else "WRONG: another finding"
    if exit_code == ExitCode.PASS:
        return "right"
    if exit_code == ExitCode.INCONCLUSIVE and not found:
        return "open"
    return "WRONG: a false alarm" if exit_code == ExitCode.FAIL else "WRONG: not judged"


def discover(case: Case, version: str) -> Outcome:
    """Run one example with one release."""
    command = [sys.executable, "-m", "perfstress", "discover", "--json", "--quiet"]
    began = time.monotonic()
    process = subprocess.Popen(
        [*command, str(EXAMPLES / f"{case.name}.yaml")],
        cwd=ROOT,
        env={**os.environ, "MUSEUM": version},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        out, err = process.communicate(timeout=WITHIN_S)
    except subprocess.TimeoutExpired:
        process.terminate()  # it stops its target and ends with what it has
        out, err = process.communicate()
    seconds = time.monotonic() - began
    verdict: dict[str, Any] = {"findings": [], "run": "", "reasons": err.strip().splitlines()[-1:]}
    if out.strip():
        verdict = json.loads(out)
    found = sorted({each["class"] for each in verdict["findings"] if each.get("fails")})
    noted = sorted({each["class"] for each in verdict["findings"] if not each.get("fails")})
    return Outcome(
        case.name,
        version,
        round(seconds, 1),
        process.returncode,
        tuple(found),
        tuple(noted),
        case.expect,
        judged(case, version, process.returncode, found),
        "; ".join(verdict.get("reasons") or []),
        verdict["run"],
    )


def outcomes(options: argparse.Namespace) -> Iterator[Outcome]:
    """Every run that was asked for, all of one release first."""
    versions = ["defective", "mended"] if options.version == "both" else [options.version]
    asked = [
        (case, version)
        for _ in range(options.times)
        for version in versions  # outside: beside each other run different examples
        for case in CASES
        if (EXAMPLES / f"{case.name}.yaml").exists()
        and (not options.only or case.name in options.only)
    ]
    with ThreadPoolExecutor(options.at_once) as pool:
        yield from pool.map(lambda each: discover(*each), asked)


def summary(all_of_them: Sequence[Outcome]) -> list[str]:
    """How many were right, of each release; and the cases that have no example."""
    lines = []
    for version in ("defective", "mended"):
        own = [each for each in all_of_them if each.version == version]
        if own:
            right = sum(each.judged == "right" for each in own)
            opened = sum(each.judged == "open" for each in own)
            lines.append(f"{version}: {right} of {len(own)} right, {opened} open")
    missing = [case.name for case in CASES if not (EXAMPLES / f"{case.name}.yaml").exists()]
    return [*lines, *([f"no example: {', '.join(missing)}"] if missing else [])]


def main() -> int:
    """Run, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--only", type=lambda text: set(text.split(",")), default=set())
    parser.add_argument("--version", choices=("defective", "mended", "both"), default="both")
    parser.add_argument("--times", type=int, default=1, help="runs of each")
    parser.add_argument("--at-once", type=int, default=1, help="runs beside each other")
    parser.add_argument("--out", type=Path, help="a JSON line for each run is added to this file")
    options = parser.parse_args()
    unknown = options.only - {case.name for case in CASES}
    if unknown:
        parser.error(f"no case is called {', '.join(sorted(unknown))}")
    print(COLUMNS.format("case", "version", "seconds", "exit", "found", "expected", ""), flush=True)
    seen = []
    for outcome in outcomes(options):
        seen.append(outcome)
        print(outcome.row(), flush=True)
        if outcome.judged != "right":
            print(f"    {outcome.summary}", flush=True)
        if options.out:
            with options.out.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(outcome)) + "\n")
    print("\n".join(["", *summary(seen)]))
    return int(any(each.judged.startswith("WRONG") for each in seen))


if __name__ == "__main__":
    sys.exit(main())
