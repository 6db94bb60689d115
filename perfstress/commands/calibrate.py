"""``perfstress calibrate``: how much unchanged entries differ from run to run on this machine."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from perfstress import discovery, library, ownfolder, provenance, runfile, session
from perfstress.clock import wall
from perfstress.comparing import noise, stored
from perfstress.comparing.baseline import BUSY_CORES, busy_cores
from perfstress.comparing.compared import told
from perfstress.comparing.figures import figures_of
from perfstress.comparing.metrics import metric_named
from perfstress.comparing.words import size
from perfstress.errors import ExitCode, PerfstressError, UsageError
from perfstress.replaying import plan as plans
from perfstress.replaying.plan import Planned
from perfstress.replaying.wanted import Wanted
from perfstress.units import human_duration
from perfstress.watching import Unwatched

TIMES = 8
MOST_TIMES = 100
FOLDER = ownfolder.OWN / "calibrations"


def calibrate(
    names: Sequence[str],
    *,
    tier: str,
    times: int,
    commit: bool,
    as_json: bool,
    out: TextIO,
    err: TextIO,
) -> ExitCode:
    """Run each entry of a tier, or those that are named, so many times unchanged, and keep what
    their figures differ by. What an entry has come to is kept before the next one begins.

    Raises UsageError, and LibraryError for names that the library has not.
    """
    if not stored.LEAST_RUNS <= times <= MOST_TIMES:
        raise UsageError(
            f"--times {times}: not from {stored.LEAST_RUNS} to {MOST_TIMES}",
            hint=f"the runs of each entry; {TIMES} show the common differences, 20 the rare ones",
            slug="bad-times",
        )
    root = provenance.root_of(Path.cwd())
    plan = plans.make(root, Wanted(tuple(names), tier))
    text = err if as_json else out
    chosen = [one for one in plan.planned if one.example.name == library.EXAMPLE]
    for one in plan.planned:
        if one not in chosen:
            text.write(f"  {one.name}: left out: tier {tier} runs its shrunk shape\n")
    if not chosen:
        text.write(f"  there is nothing to calibrate in {root / library.FOLDER} (tier {tier})\n")
        return ExitCode.PASS
    takes = human_duration(times * sum(one.seconds for one in chosen))
    noun = "entry" if len(chosen) == 1 else "entries"
    err.write(f"perfstress: {times} runs of {len(chosen)} {noun}, about {takes}\n")
    _warn(err)
    done: list[dict[str, Any]] = []
    code = ExitCode.PASS
    for planned in chosen:
        try:
            done.append(_one(planned, root, times, commit, text, err))
        except PerfstressError as error:
            text.write(f"  {planned.name}: {error.message}  [{error.slug}]\n")
            done.append({"name": planned.name, "problem": error.message})
            code = error.exit_code
    if as_json:
        out.write(json.dumps({"entries": done}) + "\n")
    return code


def _one(
    planned: Planned, root: Path, times: int, commit: bool, text: TextIO, err: TextIO
) -> dict[str, Any]:
    library.check_frozen(planned.entry)
    example = planned.entry.folder / library.EXAMPLE
    folder = root / FOLDER / f"{wall():%Y%m%dT%H%M%S.%fZ}" / planned.name
    runs: list[Mapping[str, float]] = []
    environment: Mapping[str, Any] = {}
    try:
        for number in range(times):
            err.write(f"perfstress: {planned.name}: run {number + 1} of {times}\n")
            err.flush()
            place = folder / f"{number + 1:02}"
            place.parent.mkdir(parents=True, exist_ok=True)
            order = dataclasses.replace(discovery.order(example, out=place), root=root)
            run = runfile.read(session.carry_out(order, Unwatched()))
            runs.append(figures_of(run))
            environment = run.manifest.environment
    finally:
        shutil.rmtree(folder.parent, ignore_errors=True)
    made = noise.made(example, provenance.facts(root).get("commit"), runs)
    machine = str(environment["hash"])
    files = [noise.own_file(root, machine)]
    files += [noise.committed_file(root, machine)] if commit else []
    for file in files:
        noise.keep(file, environment, {planned.name: made})
    metrics = _seen(runs)
    text.write(f"{planned.name}: {times} runs kept in {', '.join(_within(root, files))}\n")
    for one in metrics:
        text.write(f"  {one['metric']}: a change of {one['told']} would be seen\n")
    if unseen := sorted({name for run in runs for name in run} - {m["metric"] for m in metrics}):
        text.write(f"  not in each run, or zero: {', '.join(unseen)}\n")
    return {"name": planned.name, "machine": machine, "runs": times, "metrics": metrics}


def _seen(runs: Sequence[Mapping[str, float]]) -> list[dict[str, Any]]:
    """The smallest worsening of each figure that a single replay would show."""
    seen = []
    for name in runs[0]:
        metric = metric_named(name)
        known = stored.noise_of(metric, [run[name] for run in runs if name in run])
        if known is None or known.runs < len(runs):
            continue
        smallest = abs(told(metric, stored.detectable(metric, known)))
        one = {"metric": name, "minimum_detectable": float(f"{smallest:.6g}")}
        seen.append(
            {**one, "scale": metric.scale, "unit": metric.unit, "told": size(metric, smallest)}
        )
    return seen


def _within(root: Path, files: Sequence[Path]) -> list[str]:
    return [str(file.relative_to(root)) for file in files]


def _warn(err: TextIO) -> None:
    """A calibration beside something else would make every later comparison deaf."""
    cores = busy_cores()
    if cores is not None and cores > BUSY_CORES:
        err.write(
            f"perfstress: warning: something else uses {cores:.1f} cores of this machine; "
            "what is calibrated now takes that for its noise\n"
        )
