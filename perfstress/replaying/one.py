"""One entry of the library, run and judged in its own right: whatever becomes of it, the others go
on.
"""

from __future__ import annotations

import dataclasses
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from perfstress import discovery, library
from perfstress.clock import now_ns, wall
from perfstress.comparing.baseline import compare_entry
from perfstress.errors import ExitCode, PerfstressError
from perfstress.replaying import records
from perfstress.replaying.plan import Planned
from perfstress.replaying.results import Replayed
from perfstress.run import Run
from perfstress.units import NS_PER_S
from perfstress.verdict import Outcome, Verdict

BUG_FILE = "bug-{name}.log"


@dataclasses.dataclass(frozen=True, slots=True)
class Circumstances:
    """What all entries of a replay have in common."""

    root: Path
    tier: str
    retries: int
    folder: Path  # where the details of a bug of ours are put
    err: TextIO


def replayed(planned: Planned, around: Circumstances) -> Replayed:
    """Run an entry, and again for as long as it is INCONCLUSIVE and may be tried."""
    unclear: list[str] = []
    began = now_ns()
    while True:
        result = _attempt(planned, around)
        again = result.exit_code is ExitCode.INCONCLUSIVE and len(unclear) < around.retries
        if not again:
            seconds = (now_ns() - began) / NS_PER_S
            return dataclasses.replace(result, seconds=seconds, unclear=tuple(unclear))
        unclear.append(result.problem)
        around.err.write(f"perfstress: {planned.name}: INCONCLUSIVE, tried again\n")


def _attempt(planned: Planned, around: Circumstances) -> Replayed:
    """One try, whose record is kept for the next plan."""
    began = now_ns()
    run: Run | None = None
    try:
        library.check_frozen(planned.entry)
        order = discovery.order(planned.example)
        verdict, run = discovery.run_and_judge(order, confirm=True, quiet=False, err=around.err)
        result = _judged(planned, around, verdict, run)
    except PerfstressError as error:
        result = of_an_error(planned, around, error)
    except Exception as error:  # of this entry only: the others do not pay for it
        result = of_a_bug(planned, around, error, traceback.format_exception(error))
    _record(planned, around, result, run, (now_ns() - began) / NS_PER_S)
    return result


def _judged(planned: Planned, around: Circumstances, verdict: Verdict, run: Run) -> Replayed:
    is_open = verdict.outcome is Outcome.INCONCLUSIVE
    result = Replayed(
        planned.name,
        around.tier,
        verdict.outcome.value,
        verdict.outcome.exit_code,
        0.0,
        verdict.findings,
        str(run.path),
        problem="; ".join(verdict.reasons) if is_open else "",
        hint=verdict.next_step if is_open else "",
    )
    if verdict.outcome is not Outcome.PASS:  # what it shows by itself is told, and enough
        return result
    comparison = compare_entry(
        planned.entry, around.root, run, again=lambda: _again(planned, around)
    )
    result = dataclasses.replace(result, comparison=tuple(one.as_json() for one in comparison))
    if result.regressed:
        return dataclasses.replace(result, verdict="FAIL", exit_code=ExitCode.FAIL)
    return result


def _again(planned: Planned, around: Circumstances) -> Run | None:
    """A fresh run of the entry, where something looks worse than its baseline."""
    around.err.write(f"perfstress: {planned.name}: worse than its baseline, running it again\n")
    try:
        order = discovery.order(planned.example)
        verdict, run = discovery.run_and_judge(order, confirm=False, quiet=True, err=around.err)
    except PerfstressError:
        return None
    return run if verdict.outcome is Outcome.PASS else None


def of_an_error(planned: Planned, around: Circumstances, error: PerfstressError) -> Replayed:
    """An entry that could not be run."""
    return Replayed(
        planned.name,
        around.tier,
        "ERROR",
        error.exit_code,
        0.0,
        problem=error.message,
        hint=error.hint,
        slug=error.slug,
    )


def of_a_bug(
    planned: Planned, around: Circumstances, error: Exception, lines: Sequence[str]
) -> Replayed:
    """An entry at which perfstress itself failed; the lines of the traceback are kept in a file."""
    file = around.folder / BUG_FILE.format(name=planned.name)
    hint = f"{file} has the details for a report"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(lines), encoding="utf-8", errors="replace")
    except OSError:
        hint = "the details could not be kept"
    return Replayed(
        planned.name,
        around.tier,
        "ERROR",
        ExitCode.BUG,
        0.0,
        problem=f"a bug of ours: {type(error).__name__}: {error}",
        hint=hint,
    )


def _record(
    planned: Planned, around: Circumstances, result: Replayed, run: Run | None, seconds: float
) -> None:
    manifest = None if run is None else run.manifest
    record = records.Record(
        name=planned.name,
        at=wall().isoformat(timespec="seconds"),
        verdict=result.verdict,
        seconds=seconds,
        commit=None if manifest is None else manifest.git.get("commit"),
        fingerprint=None if manifest is None else manifest.environment.get("hash"),
        example=planned.example.name,
    )
    records.append(around.root, record)
