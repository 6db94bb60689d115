"""Runs the worked examples with each defect of the checkout shop on, and with none, and compares
what perfstress says with the truth.

usage: ``python -m tests.acceptance.defects [--times 10] [--only pool,none] [--no-confirm]``

Takes one to four minutes for each run and is not part of the test suite. Exit code 0 when no
verdict was wrong and every growth was within ``--tolerance`` of its truth.

The truth of a run is the defect's size for each cause (``truth.py``, measured without perfstress)
times the causes for each operation, which the shop's own counters give for this very run: the rows
that a seeded shuffle takes have their own share of declined cards. Seconds come from this run too,
as CPU time that the shop counts around the defect's own code: the same walk takes longer in a busy
process, whose caches others have used in between, than it takes by itself.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from perfstress import runfile
from perfstress.errors import ExitCode
from perfstress.run import Run
from tests.acceptance.truth import ROOT, Truth, truths

EXAMPLES = ("checkout-black-friday", "checkout-soak", "price-invoice-loop", "nightly-settlement")
WALKS = "walks.txt"
COLUMNS = "{:<11}{:<23}{:<15}{:<12}{:>12}{:>12}{:>8}{:>6}  {}"


@dataclass(frozen=True)
class Attempt:
    """One run of ``discover``: its exit code, the object that it printed, the run on disk."""

    exit_code: int
    verdict: dict[str, Any]

    @property
    def run(self) -> Run:
        """The run directory, read."""
        return runfile.read(Path(self.verdict["run"]))


@dataclass(frozen=True)
class Comparison:
    """What one run said of one defect, beside the truth; ``wrong`` is empty when it was right."""

    defect: str
    example: str
    finding: str
    resource: str
    measured: float | None
    truth: float | None
    exit_code: int
    wrong: str

    @property
    def ratio(self) -> float | None:
        """Measured over true."""
        if self.measured is None or not self.truth:
            return None
        return self.measured / self.truth

    def row(self) -> str:
        """A line of the table."""
        return COLUMNS.format(
            self.defect,
            self.example,
            self.finding,
            self.resource,
            "" if self.measured is None else f"{self.measured:.4g}",
            "" if self.truth is None else f"{self.truth:.4g}",
            "" if self.ratio is None else f"{self.ratio:.3f}",
            self.exit_code,
            self.wrong or "right",
        )


def discover(example: str, defect: str, *, confirm: bool, walks: str = "") -> Attempt:
    """Run one example with one defect on (none for an empty name); ``walks`` is a Truth's
    ``seconds``.
    """
    command = [sys.executable, "-m", "perfstress", "discover", "--json", "--quiet"]
    command += ["--set", f"target.env.{walks}={{run}}/{WALKS}"] if walks else []
    command += ["--set", f"target.env.CHECKOUT_DEFECTS={defect}"]
    command += [] if confirm else ["--no-confirm"]
    command.append(str(ROOT / "worked_examples" / f"{example}.yaml"))
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    try:
        return Attempt(done.returncode, json.loads(done.stdout))
    except ValueError:
        sys.stderr.write(done.stderr)
        return Attempt(done.returncode, {"findings": [], "verdict": "none", "run": ""})


def causes_per_op(run: Run, truth: Truth) -> float:
    """Causes for each operation between the first floor behind a warm-up and the last floor, by the
    shop's own counters; what the example lets one expect where it has none.
    """
    if not truth.counters:
        return truth.causes_per_op
    floors = [sample for sample in run.samples if sample.state == "quiescent" and sample.epoch >= 0]
    if len(floors) < 2 or floors[-1].ops == floors[0].ops:
        return truth.causes_per_op
    counts = [sum(sample.values.get(name) or 0 for name in truth.counters) for sample in floors]
    return (counts[-1] - counts[0]) / (floors[-1].ops - floors[0].ops)


def walk_cost(run: Run) -> float:
    """CPU seconds that each earlier login costs the next one, of what the shop has written down in
    this very run. The nth walk passes n entries, so each of them tells; the first quarter is left
    out, where a walk is short beside the clock's own cost. A line through the walks would take the
    machine's change of speed within the run for a change of the walk. The lower quartile, because
    the finding speaks of answers that nothing else held up: a walk whose caches a neighbour has
    used costs more.
    """
    took_s = np.loadtxt(run.path / "scratch" / WALKS)
    passed = np.arange(len(took_s))
    long = passed >= len(passed) // 4
    return float(np.percentile(took_s[long] / passed[long], 25))


def per_op(truth: Truth, run: Run, unit: str) -> float:
    """The truth in a finding's own terms: for each operation, or for each journey it names."""
    per_cause = walk_cost(run) if truth.seconds else truth.per_cause
    rate = per_cause * causes_per_op(run, truth)
    journey = unit.rpartition("/")[2]
    if journey in ("op", "") or journey not in run.manifest.journeys:
        return rate
    floors = [sample for sample in run.samples if sample.state == "quiescent" and sample.epoch >= 0]
    ops = floors[-1].ops - floors[0].ops
    own = floors[-1].ops_by[journey] - floors[0].ops_by[journey]
    return rate * ops / own


def belongs(finding: dict[str, Any], truth: Truth) -> bool:
    """Whether this is the finding that the defect has to lead to."""
    return (
        finding["class"] == truth.finding
        and truth.resource in (finding["resource"], *finding["resource"].replace("/", " ").split())
    ) or (finding["class"] == truth.finding and truth.resource in finding["series"])


def compare(truth: Truth, attempt: Attempt, tolerance: float) -> Comparison:
    """What a run with the defect on says, beside the truth."""
    found = [finding for finding in attempt.verdict["findings"] if belongs(finding, truth)]
    measured = expected = None
    wrong = []
    if attempt.exit_code != ExitCode.FAIL:
        wrong.append(f"exit code {attempt.exit_code}")
    if not found:
        classes = sorted({finding["class"] for finding in attempt.verdict["findings"]})
        wrong.append(f"no {truth.finding} of {truth.resource}, but {', '.join(classes) or 'none'}")
    elif found[0]["per_op"] is not None:
        measured = found[0]["per_op"]
        expected = per_op(truth, attempt.run, found[0]["unit"])
        if abs(measured / expected - 1) > tolerance:
            wrong.append(f"not within {tolerance:.0%}")
        if not found[0]["diagnosis"]:
            wrong.append("no diagnosis")
    elif truth.finding != "objective":
        wrong.append("no growth per operation")
    return Comparison(
        truth.defect,
        truth.example,
        truth.finding,
        truth.resource,
        measured,
        expected,
        attempt.exit_code,
        "; ".join(wrong),
    )


def healthy(example: str, attempt: Attempt) -> Comparison:
    """What a run without any defect says: it has to pass."""
    wrong = ""
    if attempt.exit_code != ExitCode.PASS:
        failing = sorted({f["class"] for f in attempt.verdict["findings"] if f.get("fails")})
        reasons = "; ".join(attempt.verdict.get("reasons", []))
        wrong = f"exit code {attempt.exit_code}: {', '.join(failing)} {reasons}".strip()
    return Comparison("none", example, "", "", None, None, attempt.exit_code, wrong)


def attempts(options: argparse.Namespace, known: Sequence[Truth]) -> Iterator[Comparison]:
    """Every run that was asked for, compared; defects and examples take turns."""
    confirm = not options.no_confirm
    for _ in range(options.times):
        for truth in known:
            attempt = discover(truth.example, truth.defect, confirm=confirm, walks=truth.seconds)
            yield compare(truth, attempt, options.tolerance)
        if not options.only or "none" in options.only:
            for example in options.examples or EXAMPLES:
                yield healthy(example, discover(example, "", confirm=confirm))


def summary(comparisons: Sequence[Comparison]) -> list[str]:
    """A line for each defect in each example."""
    lines = []
    for key in dict.fromkeys((each.defect, each.example) for each in comparisons):
        own = [each for each in comparisons if (each.defect, each.example) == key]
        ratios = [each.ratio for each in own if each.ratio is not None]
        wrong = sum(bool(each.wrong) for each in own)
        spread = (
            f"; measured/true {min(ratios):.3f} to {max(ratios):.3f}, median "
            f"{statistics.median(ratios):.3f}"
            if ratios
            else ""
        )
        lines.append(f"{key[0]:<11}{key[1]:<23}{len(own)} runs, {wrong} wrong{spread}")
    return lines


def names(text: str) -> set[str]:
    """A comma-separated list."""
    return {part.strip() for part in text.split(",") if part.strip()}


def main() -> int:
    """Run, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--times", type=int, default=1, help="runs of each")
    parser.add_argument("--only", type=names, default=set(), help="defects, and none")
    parser.add_argument("--examples", type=names, default=set(), help="worked examples")
    parser.add_argument("--tolerance", type=float, default=0.10)
    parser.add_argument("--no-confirm", action="store_true")
    options = parser.parse_args()
    known = [
        truth
        for truth in truths(options.only or None)
        if not options.examples or truth.example in options.examples
    ]
    heads = ("defect", "example", "class", "resource", "measured", "truth", "ratio", "exit", "")
    print(COLUMNS.format(*heads), flush=True)
    comparisons = []
    for comparison in attempts(options, known):
        comparisons.append(comparison)
        print(comparison.row(), flush=True)
    print("\n".join(["", *summary(comparisons)]))
    return int(any(comparison.wrong for comparison in comparisons))


if __name__ == "__main__":
    sys.exit(main())
