"""One example from its file to its verdict: run, judge, confirm in a fresh process, put all beside
the run.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TextIO

from perfstress import (
    archive,
    judge,
    library,
    loading,
    planting,
    provenance,
    rules,
    runfile,
    session,
)
from perfstress.confirmation import is_confirmable
from perfstress.errors import ExampleError, GuardTripped, PerfstressError, UsageError
from perfstress.plan import total_ops
from perfstress.probes import check_extras
from perfstress.probes.preflight import preflight
from perfstress.progress import watcher
from perfstress.reports import write_report
from perfstress.run import Run
from perfstress.trends.keeping import keep
from perfstress.verdict import Outcome, Verdict
from perfstress.watching import Watcher

CONFIRM_FOLDER = "confirm"
CONFIRM_RESEED = 1


def order(
    example: Path,
    *,
    out: Path | None = None,
    scale: float = 1.0,
    overrides: Mapping[str, str] | None = None,
    plants: Sequence[str] = (),
    fail_fast: bool = False,
) -> session.Order:
    """What is to be run, after the example has been checked whole; raises ExampleError with every
    problem.
    """
    if not 0 < scale <= 1:
        raise UsageError(
            f"--scale {scale:g} is not above 0 and at most 1",
            hint="a run below 1 is labelled reduced and can never pass for a full one",
            slug="bad-scale",
        )
    root = provenance.root_of(example)
    loaded = loading.load(example, overrides or {})
    if problems := rules.check(loaded, root):
        if all(problem.slug == "foreign-host" for problem in problems):
            raise GuardTripped("\n".join(str(problem) for problem in problems))
        raise ExampleError(problems)
    folder = Path(os.path.realpath(out)) if out else None
    if folder and folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise UsageError(
            f"--out {folder}: exists and is not an empty folder",
            hint="name a folder that does not exist yet; it becomes the run directory",
            slug="out-exists",
        )
    wanted = session.Order(
        loaded=loaded,
        root=root,
        folder=folder or Path(),
        scale=scale,
        overrides=dict(overrides or {}),
        plants=planting.parse_plants(plants),
        fail_fast=fail_fast,
    )
    operations = total_ops(session.planned(wanted))
    planting.check(wanted.plants, operations, loaded.example.target.disk)
    if folder is None:  # once nothing speaks against it any more: the folder is made
        folder = archive.run_folder(root, loaded.example.name)
    return dataclasses.replace(wanted, folder=folder)


def run_and_judge(
    wanted: session.Order, *, confirm: bool, quiet: bool, err: TextIO
) -> tuple[Verdict, Run]:
    """Carry out an order, judge it, and when growth failed it, repeat it in a fresh process and
    judge both.

    The verdict and the report lie in the run directory before this returns, also when it is left by
    KeyboardInterrupt.
    """
    live = watcher(err, quiet=quiet)
    try:
        check_extras(wanted.loaded.example)
        planned = session.planned(wanted)
        for warning in [*preflight(wanted.loaded.example, planned), *_provenance(wanted)]:
            live.note(f"warning: {warning}")
        session.carry_out(wanted, live)
        verdict, run = _judged(wanted.folder)
        if confirm and _wants_confirmation(verdict):
            _confirm(wanted, verdict, run, live)
    except KeyboardInterrupt:
        if (wanted.folder / runfile.MANIFEST).exists():
            _conclude(wanted.folder)
            live.close()
            err.write(f"what was recorded is kept:  perfstress report {wanted.folder}\n")
        raise
    finally:
        live.close()
    verdict, run = _conclude(wanted.folder)
    if problem := keep(wanted.root, verdict, run):
        err.write(f"warning: {problem}\n")
    return verdict, run


def _provenance(wanted: session.Order) -> list[str]:
    """What git says against the example's claim to be older than the code, and unweakened since."""
    example = wanted.loaded.example
    path = library.original_of(wanted.loaded.path, example.name, wanted.root)
    paths = {path: example.implementation}
    known = provenance.states(wanted.root, paths, rules.weakening)[path]
    warnings = [f"the example came too late: {known.reason}"] if known.state == "too-late" else []
    return warnings + [
        f"weakened since: {edit['field']} went from {edit['before']} to {edit['after']}"
        for edit in known.weakened
    ]


def _confirm(wanted: session.Order, verdict: Verdict, run: Run, live: Watcher) -> None:
    """Repeat a run that grew, in a fresh process and with other seeds, and tie the two together."""
    grown = ", ".join(sorted({finding.resource for finding in verdict.findings if finding.fails}))
    live.note(f"{grown}: repeating in a fresh process with another seed to confirm it")
    again = dataclasses.replace(
        wanted,
        folder=wanted.folder / CONFIRM_FOLDER,
        parts=_confirming_parts(verdict, run),
        reseed=CONFIRM_RESEED,
        confirms=str(wanted.folder),
        fail_fast=False,
        trace=_is_of_memory(verdict),
    )
    try:
        session.carry_out(again, live)
    except PerfstressError as error:  # the first run stands, told as unconfirmed
        live.note(f"the confirming run could not be made: {error.message}")
        return
    runfile.amend(wanted.folder, confirmed_by=CONFIRM_FOLDER)


def _is_of_memory(verdict: Verdict) -> bool:
    """Whether memory grew and nothing else that tracing allocations would spoil."""
    kinds = {finding.kind for finding in verdict.findings if finding.fails}
    return "memory-growth" in kinds and "latency-drift" not in kinds


def _judged(folder: Path) -> tuple[Verdict, Run]:
    run = runfile.read(folder)
    return judge.judge(run), run


def _conclude(folder: Path) -> tuple[Verdict, Run]:
    """Judge what there is and put verdict and report beside it."""
    verdict, run = _judged(folder)
    runfile.write_result(folder, verdict.as_json())
    write_report(verdict, run, folder / runfile.REPORT)
    return verdict, run


def _wants_confirmation(verdict: Verdict) -> bool:
    return verdict.outcome is Outcome.FAIL and any(
        finding.fails and is_confirmable(finding) for finding in verdict.findings
    )


def _confirming_parts(verdict: Verdict, run: Run) -> int | None:
    """Half the epochs, at least four: what has been seen once needs less to be seen again.

    Not so for latency: the growth of a whole run is needed to tell it from a busy machine.
    """
    if any(finding.fails and finding.kind == "latency-drift" for finding in verdict.findings):
        return None
    return max(4, (run.example.shape.epochs or 8) // 2)
