"""``perfstress bisect``: to the commit that brought what an example finds."""

from __future__ import annotations

import dataclasses
import json
import shutil
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from perfstress import provenance
from perfstress.against import checked_pairs
from perfstress.bisecting.commits import Commit, check_ends, touched
from perfstress.bisecting.log import Log, Step, alone, folder_of, read, write
from perfstress.bisecting.probe import Probe, probe_of
from perfstress.bisecting.search import Found, search
from perfstress.bisecting.trial import ByMetric, ByVerdict, Trial
from perfstress.comparing.interleaved import PAIRS
from perfstress.comparing.metrics import TABLE, metric_named
from perfstress.errors import ExitCode, UsageError
from perfstress.units import human_duration, parse_share
from perfstress.worktrees import full_hash


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asked of ``bisect``."""

    name: str
    good: str | None = None
    bad: str | None = None
    times: int | None = None
    metric: str | None = None
    worse_than: str | None = None
    full: bool = False
    resume: bool = False
    as_json: bool = False


def bisect(asked: Asked, *, out: TextIO, err: TextIO) -> ExitCode:
    """Find the first bad commit; PASS when it was found, INCONCLUSIVE when what is left cannot be
    told.

    Raises LibraryError for an unknown name, UsageError where the ends are not what they are said to
    be, and KeyboardInterrupt when interrupted: the steps that were done are kept.
    """
    root = provenance.root_of(Path.cwd())
    probe = probe_of(root, asked.name, full=asked.full)

    def began(number: int, commit: Commit, left: int) -> None:
        err.write(f"{number:3}  {commit.short}  {commit.subject}  ({_more(left)})\n")
        err.flush()

    def ended(step: Step) -> None:
        told = f"{step.mark}: {step.why}  ({human_duration(step.seconds)})"
        err.write(_wrapped(told, "     "))
        err.flush()

    with alone(root, asked.name):
        log = _resumed(root, asked, probe) if asked.resume else _begun(root, asked, probe)
        try:
            found = search(root, log, _trial(log, probe), began, ended)
        except KeyboardInterrupt:
            err.write("the steps that were done are kept; go on with\n")
            err.write(f"  perfstress bisect {log.name} --resume\n")
            raise
    if asked.as_json:
        out.write(json.dumps(_as_json(root, found, probe)) + "\n")
    _tell(root, found, probe, err if asked.as_json else out)
    return ExitCode.PASS if found.first_bad else ExitCode.INCONCLUSIVE


def _wrapped(text: str, indent: str) -> str:
    width = max(40, shutil.get_terminal_size().columns)
    return textwrap.fill(text, width, initial_indent=indent, subsequent_indent=f"{indent}  ") + "\n"


def _more(left: int) -> str:
    return f"about {left} more" if left > 0 else "the last"


# ---------------------------------------------------------------- where it begins
def _begun(root: Path, asked: Asked, probe: Probe) -> Log:
    good = asked.good or probe.promoted_at
    if good is None:
        raise UsageError(
            f"{asked.name}: --good is missing, and it was never promoted",
            hint="--good names a commit that passed",
            slug="bisect-ends",
        )
    ends = full_hash(root, good), full_hash(root, asked.bad or "HEAD")
    check_ends(root, *ends)
    before = read(root, asked.name)
    folder = folder_of(root, asked.name)
    if before is not None and not before.done:
        raise UsageError(
            f"{folder}: a bisection of {asked.name} is under way, {len(before.steps)} steps in",
            hint="go on with --resume, or remove the folder",
            slug="bisect-under-way",
        )
    metric, worse_than = _metric(asked)
    log = Log(
        name=asked.name,
        example=str(probe.path),
        digest=probe.digest,
        good=ends[0],
        bad=ends[1],
        times=_times(asked, metric),
        metric=metric,
        worse_than=worse_than,
    )
    shutil.rmtree(folder, ignore_errors=True)
    write(root, log)
    return log


def _times(asked: Asked, metric: str) -> int:
    if metric:
        return checked_pairs(PAIRS if asked.times is None else asked.times)
    return 1 if asked.times is None else asked.times


def _metric(asked: Asked) -> tuple[str, float]:
    """The metric and the share by which it has to be worse; nothing where verdicts decide."""
    if asked.metric is None or asked.worse_than is None:
        if asked.metric == asked.worse_than:
            return "", 0.0
        raise UsageError(
            "--metric and --worse-than go together",
            hint="such as --metric response.p50 --worse-than 10%",
            slug="bisect-metric",
        )
    try:
        metric = metric_named(asked.metric)
    except KeyError:
        raise UsageError(
            f"--metric {asked.metric}: not a figure that two commits are compared by",
            hint=f"there are: {', '.join(TABLE)}",
            slug="no-metric",
        ) from None
    try:
        share = parse_share(asked.worse_than)
    except ValueError as error:
        raise UsageError(f"--worse-than: {error}", slug="bisect-metric") from error
    # a share of all answers is told in per cent as well; other differences have units of their own
    if not (metric.scale == "ratio" or metric.is_share):
        raise UsageError(
            f"--metric {metric.name} is compared by its difference in {metric.unit}",
            hint="growth shows in verdicts: bisect without --metric",
            slug="bisect-metric",
        )
    if share < metric.smallest:
        raise UsageError(
            f"--metric {metric.name} --worse-than {asked.worse_than}: "
            f"has to be at least {100 * metric.smallest:g}%",
            hint="less than that is noise",
            slug="bisect-metric",
        )
    return metric.name, share


def _trial(log: Log, probe: Probe) -> Trial:
    if log.metric:
        return ByMetric(probe, log.good, log.metric, log.worse_than, log.times)
    return ByVerdict(probe, log.times)


def _resumed(root: Path, asked: Asked, probe: Probe) -> Log:
    log = read(root, asked.name)
    if log is None:
        raise UsageError(
            f"{folder_of(root, asked.name)}: there is nothing to go on with",
            hint=f"perfstress bisect {asked.name} --good COMMIT --bad COMMIT  begins",
            slug="bisect-nothing",
        )
    ends = (("--good", asked.good, log.good), ("--bad", asked.bad, log.bad))
    for option, given, known in ends:
        if given is not None and full_hash(root, given) != known:
            raise UsageError(
                f"{option} {given}: the bisection under way has {known[:7]}",
                hint="leave it out, or begin anew without --resume",
                slug="bisect-ends",
            )
    if (str(probe.path), probe.digest) != (log.example, log.digest):
        raise UsageError(
            f"{probe.path}: not the example that the bisection began with",
            hint=f"remove {folder_of(root, asked.name)} and begin anew",
            slug="bisect-changed",
        )
    return dataclasses.replace(log, done=False)


# ---------------------------------------------------------------- telling
def _as_json(root: Path, found: Found, probe: Probe) -> dict[str, object]:
    log, first = found.log, found.first_bad
    step = log.step_of(first.sha) if first else None
    return {
        "name": log.name,
        "good": log.good,
        "bad": log.bad,
        "first_bad": None
        if first is None
        else {
            **dataclasses.asdict(first),
            "files": touched(root, first.sha, probe.example.implementation.paths),
            "findings": list(step.findings) if step else [],
            "evidence": step.evidence if step else None,
        },
        "suspects": [dataclasses.asdict(commit) for commit in found.suspects],
        "steps": [step.as_json() for step in log.steps],
        "log": log.in_words_of_git(first, found.suspects),
    }


def _tell(root: Path, found: Found, probe: Probe, out: TextIO) -> None:
    log, first = found.log, found.first_bad
    if first is not None:
        step = log.step_of(first.sha)
        out.write(f"first bad commit: {first.sha}\n")
        out.write(f"  author   {first.author}\n  date     {first.date}\n")
        out.write(f"  subject  {first.subject}\n")
        files = touched(root, first.sha, probe.example.implementation.paths)
        for file in files or ["none of the implementation: look at what else it changed"]:
            out.write(f"  file     {file}\n")
        for finding in step.findings if step else ():
            out.write(_wrapped(f"brought  {finding}", "  "))
        out.write(f"  evidence {step.evidence if step else ''}\n\n")
    elif found.suspects:
        out.write("only skipped commits are left; the first bad one is any of:\n")
        for commit in found.suspects:
            step = log.step_of(commit.sha)
            out.write(
                f"  {commit.short}  {commit.subject}  ({step.why if step else 'not tried'})\n"
            )
        out.write("what would settle it: mend what keeps them from being run, or  --times\n\n")
    else:
        end = log.steps[-1]
        out.write(f"{end.commit.short}: one end cannot be told: {end.why}\n")
        out.write(f"the run is in {end.evidence}; another commit may do as an end\n\n")
    out.write(log.in_words_of_git(first, found.suspects))
