"""Runs the live targets of every finding class again and again: where a class has to fire, and the
mended twins where nothing may.

usage: ``python -m tests.acceptance.findings [--times 20] [--pairs] [--only counters,sizes]
[--cases NAME] [--shard 1/3] [--journal FILE]``, and ``python -m tests.acceptance.findings --tell
FILE...``

Each case is a test of ``tests/live/test_finding_*.py``, up to half a minute long on an idle
machine; all of them twenty times take hours. ``--pairs`` takes one live target and its mended twin
for each finding class (``pairs.py``). ``--shard K/N`` takes every Nth case, so that N of these may
run side by side, each from a clone of its own. ``--journal`` appends a line of JSON for each run,
so that what was made is not lost with an interruption; ``--tell`` counts such files together.
Prints a line for each case with its runs and how many went wrong, and why the first did. Exit code
0 when none did. A case that is skipped says what is missing.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from tests.acceptance.pairs import PAIRED, PAIRS
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

    def add(self, run: dict[str, object]) -> None:
        """One run more, as :func:`outcomes` tells it."""
        if run["skipped"]:
            self.skipped = str(run["skipped"])
            return
        self.runs += 1
        self.seconds.append(float(str(run["seconds"])))
        self.wrong += bool(run["why"])
        self.why = self.why or str(run["why"])

    def row(self, name: str) -> str:
        """A line of the table."""
        if self.skipped and not self.runs:
            return f"{name:<70} skipped: {self.skipped}"
        mean_s = sum(self.seconds) / max(len(self.seconds), 1)
        told = f"  {self.why}" if self.why else ""
        return f"{name:<70}{self.runs:>4} runs, {self.wrong} wrong, {mean_s:.0f} s each{told}"


def cases(only: set[str], named: str, shard: tuple[int, int], paired: bool) -> list[str]:
    """The tests to run, as pytest names them: of all areas or of those that are named, and of these
    every ``shard[1]``-th, beginning with ``shard[0]`` (from 1)."""
    paths = sorted(LIVE.glob("test_finding_*.py"))
    paths = [path for path in paths if not only or path.stem.removeprefix("test_finding_") in only]
    if not paths:
        return []
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", ""]
    command += ["--collect-only", *(str(path) for path in paths), *(["-k", named] if named else [])]
    told = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False).stdout
    found = [line for line in told.splitlines() if "::" in line]
    found = [line for line in found if not paired or in_journal(line) in PAIRED]
    return found[shard[0] - 1 :: shard[1]]


def in_journal(test: str) -> str:
    """The name of a case in a journal, of a test as pytest names it."""
    path, _, name = test.partition("::")
    return f"{Path(path).stem.removeprefix('test_finding_')}: {name}"


def once(chosen: list[str]) -> ElementTree.Element:
    """One run of every case; what pytest writes for machines."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", ""]
        command += [f"--junit-xml={report}", *chosen]
        subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=False)
        return ElementTree.parse(report).getroot()


def outcomes(tree: ElementTree.Element) -> Iterator[dict[str, object]]:
    """Each case of one run: ``case``, ``seconds``, ``skipped`` and ``why`` (empty: it was neither
    skipped nor wrong), and the machine's ``load`` and the ``time`` at its end."""
    for case in tree.iter("testcase"):
        area = (case.get("classname") or "").rpartition("test_finding_")[2]
        skipped = case.find("skipped")
        problem = case.find("failure")
        problem = case.find("error") if problem is None else problem
        told = "" if problem is None else (problem.get("message") or "it failed")
        yield {
            "case": f"{area}: {case.get('name')}",
            "seconds": float(case.get("time") or 0),
            "skipped": "" if skipped is None else skipped.get("message") or "skipped",
            "why": told.strip().partition("\n")[0][:160],
            "load": round(os.getloadavg()[0], 1),
            "time": time.strftime("%Y-%m-%dT%H:%M:%S"),
        }


def tell(runs: Iterable[dict[str, object]]) -> int:
    """Print the table; 1 when any run was wrong."""
    tallies: dict[str, Tally] = defaultdict(Tally)
    for run in runs:
        tallies[str(run["case"])].add(run)
    for name, tally in sorted(tallies.items()):
        print(tally.row(name))
    print()
    for finding, (fires, twin) in PAIRS.items():
        target, mended = tallies.get(fires, Tally()), tallies.get(twin, Tally())
        right, quiet = target.runs - target.wrong, mended.runs - mended.wrong
        told = f"found {right} of {target.runs}, nothing at its twin {quiet} of {mended.runs}"
        print(f"{finding:<22} {told}")
    made = sum(tally.runs for tally in tallies.values())
    wrong = sum(tally.wrong for tally in tallies.values())
    print(f"{len(tallies)} cases, {made} runs, {wrong} wrong")
    return int(wrong > 0)


def journaled(path: str) -> list[dict[str, object]]:
    """The runs of a journal."""
    return [json.loads(line) for line in Path(path).read_text("utf-8").splitlines()]


def part(text: str) -> tuple[int, int]:
    """``K/N`` as two numbers."""
    number, _, count = text.partition("/")
    if not (number.isdigit() and count.isdigit() and 1 <= int(number) <= int(count)):
        raise argparse.ArgumentTypeError(f"{text!r} is no part of a whole, as 1/3 is")
    return int(number), int(count)


def main() -> int:
    """Run, count, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=1, help="runs of each")
    parser.add_argument("--pairs", action="store_true", help="one pair for each finding class")
    parser.add_argument("--only", default="", help="areas, separated by commas")
    parser.add_argument("--cases", default="", help="what pytest -k takes")
    parser.add_argument("--shard", type=part, default=(1, 1), help="K/N: every Nth case")
    parser.add_argument("--journal", default=os.devnull, help="append each run to this file")
    parser.add_argument("--tell", nargs="+", help="run nothing: count these journals together")
    options = parser.parse_args()
    if options.tell:
        return tell(run for path in options.tell for run in journaled(path))
    only = {name for name in options.only.split(",") if name}
    chosen = cases(only, options.cases, options.shard, options.pairs)
    if not chosen:
        parser.error(f"no case of {options.only!r}, {options.cases!r} in {LIVE}")
    runs: list[dict[str, object]] = []
    for number in range(options.times):
        made = list(outcomes(once(chosen)))
        runs += made
        with Path(options.journal).open("a", encoding="utf-8") as journal:
            journal.writelines(json.dumps(run) + "\n" for run in made)
        wrong = sum(bool(run["why"]) for run in runs)
        print(f"round {number + 1}: {wrong} wrong so far", flush=True)
    return tell(runs)


if __name__ == "__main__":
    sys.exit(main())
