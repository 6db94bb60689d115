"""From step to step: both ends first, then the commit that divides the rest, until one is left."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from perfstress.bisecting.commits import Commit, between, described
from perfstress.bisecting.log import Log, Step, folder_of, write
from perfstress.bisecting.trial import Trial, tried
from perfstress.errors import UsageError

# Called before a step with its commit and about how many are still to come, and behind it.
Began = Callable[[int, Commit, int], None]
Ended = Callable[[Step], None]


@dataclass(frozen=True, slots=True)
class Found:
    """What a bisection came to: the first bad commit, or those that it may be; neither when an end
    could not be told.
    """

    log: Log
    first_bad: Commit | None = None
    suspects: tuple[Commit, ...] = ()


def search(root: Path, log: Log, trial: Trial, began: Began, ended: Ended) -> Found:
    """Go on with a bisection to its end; each step is on disk before the next begins.

    Raises UsageError where the good end fails or the bad one passes.
    """

    def step(log: Log, sha: str, left: int) -> Log:
        commit = described(root, sha)
        number = len(log.steps) + 1
        began(number, commit, left)
        evidence = folder_of(root, log.name) / f"{number}-{commit.short}"
        done, keys = tried(trial, commit, evidence, log.wanted)
        log = log.with_step(done)
        if sha == log.bad and done.mark == "bad":
            log = dataclasses.replace(log, wanted=keys)
        write(root, log)
        ended(done)
        return log

    for sha, wanted in ((log.good, "good"), (log.bad, "bad")):
        if log.step_of(sha) is None:
            rest = _steps(len(between(root, log.bad, [log.good])))
            log = step(log, sha, rest + (sha == log.good))
        end = log.step_of(sha)
        assert end is not None
        if end.mark != wanted:
            log = dataclasses.replace(log, done=True)
            write(root, log)
            if end.mark == "skip":
                return Found(log)
            raise _wrong_end(end, wanted)
    while True:
        left = between(root, log.first_bad, log.goods)
        untried = [sha for sha in left if sha != log.first_bad and sha not in log.skipped]
        if not untried:
            break
        log = step(log, untried[0], _steps(len(left)) - 1)
    log = dataclasses.replace(log, done=True)
    write(root, log)
    if len(left) == 1:
        return Found(log, first_bad=described(root, left[0]))
    return Found(log, suspects=tuple(described(root, sha) for sha in left))


def _steps(commits: int) -> int:
    """About how many trials so many commits take."""
    return max(0, math.ceil(math.log2(max(commits, 1))))


def _wrong_end(step: Step, wanted: str) -> UsageError:
    at = f"{step.commit.short} ({step.commit.subject})"
    if wanted == "good":
        message = f"{at} is to be good, and fails already: {step.why}"
        hint = "name an earlier commit as --good"
    else:
        message = f"{at} is to be bad, and {step.why}"
        hint = "name a commit that fails as --bad; for a defect that shows only at times, --times 5"
    return UsageError(message, hint=f"{hint}; the run is in {step.evidence}", slug="bisect-ends")
