"""``perfstress replay``: the regression library again, each entry on its own; the worst decides."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from perfstress import discovery, library, provenance
from perfstress.clock import now_ns
from perfstress.errors import ExitCode, LibraryError, PerfstressError
from perfstress.units import NS_PER_S, human_duration
from perfstress.verdict import Finding, Outcome

# From harmless to worst: what one entry says decides for all.
SEVERITY = [
    ExitCode.PASS,
    ExitCode.INCONCLUSIVE,
    ExitCode.USAGE,
    ExitCode.GUARD,
    ExitCode.TARGET,
    ExitCode.FAIL,
]


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of one entry; ``verdict`` is an Outcome's name, or ERROR with ``problem``."""

    name: str
    tier: str
    verdict: str
    exit_code: ExitCode
    seconds: float
    findings: tuple[Finding, ...] = ()
    run: str = ""
    problem: str = ""
    retried: bool = False

    def as_json(self) -> dict[str, Any]:
        """The entry under its contract names."""
        return {
            "name": self.name,
            "tier": self.tier,
            "verdict": self.verdict,
            "findings": [finding.as_json() for finding in self.findings],
            "comparison": [],  # with the baseline: not in this version
            "seconds": round(self.seconds, 1),
            "run": self.run,
            "problem": self.problem,
            "retried": self.retried,
        }


def replay(names: Sequence[str], *, tier: str, as_json: bool, out: TextIO, err: TextIO) -> ExitCode:
    """Replay the entries of a tier, or those that are named; a failing entry never hides the
    others.
    """
    root = provenance.root_of(Path.cwd())
    known = {entry.name: entry for entry in library.entries(root)}
    if unknown := [name for name in names if name not in known]:
        raise LibraryError(
            f"no entry named {', '.join(unknown)} in {library.FOLDER}/",
            hint=f"there are: {', '.join(known) or 'none yet; perfstress promote makes one'}",
            slug="no-entry",
        )
    chosen, not_run = [], []
    for entry in known.values() if not names else [known[name] for name in names]:
        example = entry.example_for(tier)
        if example is None:
            not_run.append({"name": entry.name, "why": f"not part of tier {tier}"})
        else:
            chosen.append((entry, example))
    text = err if as_json else out
    results = [_one(entry, example, tier, text, err) for entry, example in chosen]
    code = max((result.exit_code for result in results), key=SEVERITY.index, default=ExitCode.PASS)
    if as_json:
        data = {
            "verdict": _word(code),
            "entries": [result.as_json() for result in results],
            "not_run": not_run,
        }
        out.write(json.dumps(data) + "\n")
    for skipped in not_run:
        text.write(f"  not run  {skipped['name']}: {skipped['why']}\n")
    if not known:
        text.write(f"  there is nothing in {root / library.FOLDER}; perfstress promote fills it\n")
    passed = sum(result.exit_code is ExitCode.PASS for result in results)
    text.write(f"replay: {_word(code)}: {passed} of {len(results)} passed (tier {tier})\n")
    return code


def _word(code: ExitCode) -> str:
    return code.name if code in (ExitCode.PASS, ExitCode.FAIL, ExitCode.INCONCLUSIVE) else "ERROR"


def _one(entry: library.Entry, example: Path, tier: str, text: TextIO, err: TextIO) -> Replayed:
    result = _attempt(entry, example, tier, err)
    if result.exit_code is ExitCode.INCONCLUSIVE:
        text.write(f"  {entry.name}: INCONCLUSIVE, tried once more\n")
        again = _attempt(entry, example, tier, err)
        result = dataclasses.replace(again, retried=True)
    told = f": {result.problem.splitlines()[0]}" if result.problem else ""
    if entry.problem is not None:
        told += f"  [{entry.problem.slug}]\n      hint: {entry.problem.hint}"
    text.write(f"  {result.verdict:12} {result.name} ({human_duration(result.seconds)}){told}\n")
    for finding in result.findings:
        if finding.fails:
            text.write(f"      {finding.summary}\n")
    text.flush()
    return result


def _attempt(entry: library.Entry, example: Path, tier: str, err: TextIO) -> Replayed:
    began = now_ns()
    try:
        if entry.problem is not None:
            raise entry.problem
        order = discovery.order(example)
        verdict, run = discovery.run_and_judge(order, confirm=True, quiet=False, err=err)
    except PerfstressError as error:
        seconds = (now_ns() - began) / NS_PER_S
        return Replayed(entry.name, tier, "ERROR", error.exit_code, seconds, problem=error.message)
    problem = "; ".join(verdict.reasons) if verdict.outcome is Outcome.INCONCLUSIVE else ""
    return Replayed(
        entry.name,
        tier,
        verdict.outcome.value,
        verdict.outcome.exit_code,
        (now_ns() - began) / NS_PER_S,
        verdict.findings,
        str(run.path),
        problem,
    )
