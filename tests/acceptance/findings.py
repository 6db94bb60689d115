"""Runs the live targets of every finding class again and again: where a class has to fire, and the
mended twins where nothing may.

usage: ``python -m tests.acceptance.findings [--times 20] [--only counters,sizes] [--cases NAME]``

Each case is a test of ``tests/live/test_finding_*.py``, half a minute long on an idle machine; all
of them twenty times take hours. Prints a line for each case with its runs and how many went wrong,
and why the first did. Exit code 0 when none did. A case that is skipped says what is missing.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from tests.acceptance.truth import ROOT

LIVE = ROOT / "tests" / "live"


@dataclass
class Tally:
    """How one case has gone so far; ``why`` is the first line of the first failure."""

    runs: int = 0
    wrong: int = 0
    seconds: list[float] = field(default_factory=list)
    skipped: str = ""
    why: str = ""

    def row(self, name: str) -> str:
        """A line of the table."""
        if self.skipped and not self.runs:
            return f"{name:<70} skipped: {self.skipped}"
        mean_s = sum(self.seconds) / max(len(self.seconds), 1)
        told = f"  {self.why}" if self.why else ""
        return f"{name:<70}{self.runs:>4} runs, {self.wrong} wrong, {mean_s:.0f} s each{told}"


def files(only: set[str]) -> list[Path]:
    """The files of cases: all, or those that are named."""
    found = sorted(LIVE.glob("test_finding_*.py"))
    return [path for path in found if not only or path.stem.removeprefix("test_finding_") in only]


def once(paths: list[Path], cases: str) -> ElementTree.Element:
    """One run of every case; what pytest writes for machines."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", ""]
        command += [f"--junit-xml={report}", *(str(path) for path in paths)]
        command += ["-k", cases] if cases else []
        subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=False)
        return ElementTree.parse(report).getroot()


def count(tree: ElementTree.Element, tallies: dict[str, Tally]) -> None:
    """Add one run of every case to the tallies."""
    for case in tree.iter("testcase"):
        area = (case.get("classname") or "").rpartition("test_finding_")[2]
        tally = tallies[f"{area}: {case.get('name')}"]
        if (skipped := case.find("skipped")) is not None:
            tally.skipped = skipped.get("message") or ""
            continue
        tally.runs += 1
        tally.seconds.append(float(case.get("time") or 0))
        problem = case.find("failure")
        problem = case.find("error") if problem is None else problem
        if problem is not None:
            tally.wrong += 1
            tally.why = tally.why or (problem.get("message") or "").splitlines()[0][:160]


def main() -> int:
    """Run, count, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=1, help="runs of each")
    parser.add_argument("--only", default="", help="areas, separated by commas")
    parser.add_argument("--cases", default="", help="what pytest -k takes")
    options = parser.parse_args()
    paths = files({name for name in options.only.split(",") if name})
    if not paths:
        parser.error(f"no area of {options.only!r} in {LIVE}")
    tallies: dict[str, Tally] = defaultdict(Tally)
    for number in range(options.times):
        count(once(paths, options.cases), tallies)
        wrong = sum(tally.wrong for tally in tallies.values())
        print(f"round {number + 1}: {wrong} wrong so far", flush=True)
    for name, tally in tallies.items():
        print(tally.row(name))
    return int(any(tally.wrong for tally in tallies.values()))


if __name__ == "__main__":
    sys.exit(main())
