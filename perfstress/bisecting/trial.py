"""One commit on trial: the example is run in a work tree of it, and what is seen becomes a mark.

By its verdict: FAIL with a finding of the bad end is bad, PASS is good. What cannot be told is
skipped: INCONCLUSIVE twice, a target that cannot be built or started, a FAIL of quite another kind.
By a metric: the commit and the good end are run in turns, and worse by so much is bad.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TextIO

from perfstress import discovery
from perfstress.against import Sides, compared
from perfstress.bisecting.commits import Commit
from perfstress.bisecting.log import Mark, Step
from perfstress.bisecting.probe import Probe
from perfstress.clock import now_ns
from perfstress.comparing.compared import Compared
from perfstress.comparing.interleaved import Side
from perfstress.errors import ExampleError, TargetError
from perfstress.session import CACHE_FOLDER
from perfstress.units import NS_PER_S
from perfstress.verdict import Finding, Outcome, Verdict
from perfstress.wholefile import write_whole
from perfstress.worktrees import checked_out

SEEN = "verdict.json"
PROGRESS = "progress.log"
TRIES = 2  # where the first says neither yes nor no

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Seen:
    """What a trial came to; ``keys`` are the findings that failed, as they are known again."""

    mark: Mark
    why: str
    verdict: str
    keys: tuple[Key, ...] = ()
    findings: tuple[str, ...] = ()
    judged: Any = None


class Trial(Protocol):
    """A way to try a commit."""

    @property
    def probe(self) -> Probe:
        """The example that it runs."""
        ...

    def of(self, commit: Commit, evidence: Path, wanted: Sequence[Key], told: TextIO) -> Seen:
        """Try one commit, keep its runs in ``evidence`` and tell the course of it.

        ``wanted`` are the findings that make it bad; none: whatever fails. Raises TargetError and
        ExampleError where it cannot be run, KeyboardInterrupt when interrupted, with the target
        stopped and the work tree gone.
        """
        ...


def tried(
    trial: Trial, commit: Commit, evidence: Path, wanted: Sequence[Key]
) -> tuple[Step, tuple[Key, ...]]:
    """Try a commit and put what was seen beside its runs; ``evidence`` is begun anew."""
    shutil.rmtree(evidence, ignore_errors=True)
    evidence.mkdir(parents=True)
    began = now_ns()
    with (evidence / PROGRESS).open("w", encoding="utf-8", buffering=1) as told:
        try:
            seen = trial.of(commit, evidence, wanted, told)
        except (TargetError, ExampleError) as error:
            told.write(f"{error.message}\n")
            first = error.message.splitlines()[0]
            seen = Seen("skip", f"it cannot be run: {first}", "ERROR")
    step = Step(
        commit=commit,
        mark=seen.mark,
        why=seen.why,
        verdict=seen.verdict,
        evidence=str(evidence.relative_to(trial.probe.root)),
        findings=seen.findings,
        seconds=round((now_ns() - began) / NS_PER_S, 1),
    )
    data = {**step.as_json(), "judged": seen.judged}
    write_whole(evidence / SEEN, json.dumps(data, indent=1) + "\n")
    return step, seen.keys


# ---------------------------------------------------------------- by its verdict
@dataclass(frozen=True, slots=True)
class ByVerdict:
    """A commit is good when so many runs pass, and bad when one of them fails as the bad end."""

    probe: Probe
    times: int = 1

    def of(self, commit: Commit, evidence: Path, wanted: Sequence[Key], told: TextIO) -> Seen:
        """See Trial."""
        with checked_out(self.probe.root, commit.sha) as tree:
            passed = left_open = 0
            while True:
                number = passed + left_open + 1
                folder = evidence / ("run" if number == 1 else f"run-{number}")
                verdict = self._judged(tree, folder, told)
                if verdict.outcome is Outcome.FAIL:
                    return _failed(verdict, wanted)
                if verdict.outcome is Outcome.PASS:
                    passed += 1
                    if passed >= self.times:
                        why = "passes" if passed == 1 else f"passes {passed} times"
                        return Seen("good", why, "PASS", judged=verdict.as_json())
                else:
                    left_open += 1
                    if left_open >= TRIES:
                        reason = verdict.reasons[0] if verdict.reasons else "no reason is told"
                        why = f"INCONCLUSIVE: {reason}"
                        return Seen("skip", why, "INCONCLUSIVE", judged=verdict.as_json())

    def _judged(self, tree: Path, folder: Path, told: TextIO) -> Verdict:
        """One run of the example of today with the target of the commit, built anew if need be."""
        order = discovery.order(self.probe.root / self.probe.path, out=folder)
        cache = self.probe.root / CACHE_FOLDER
        order = dataclasses.replace(order, root=tree, cache=cache)
        verdict, _ = discovery.run_and_judge(order, confirm=True, quiet=True, err=told)
        return verdict


def _failed(verdict: Verdict, wanted: Sequence[Key]) -> Seen:
    failing = [finding for finding in verdict.findings if finding.fails]
    mine = [finding for finding in failing if not wanted or _key(finding) in wanted]
    summaries = tuple(finding.summary for finding in failing)
    keys = tuple(dict.fromkeys(map(_key, failing)))
    judged = verdict.as_json()
    if mine:
        return Seen("bad", mine[0].summary, "FAIL", keys, summaries, judged)
    other = summaries[0] if summaries else "; ".join(verdict.reasons)
    why = f"fails, but otherwise than the bad end: {other}"
    return Seen("skip", why, "FAIL", keys, summaries, judged)


def _key(finding: Finding) -> Key:
    """By what a finding is known again in the run of another commit."""
    return finding.kind, finding.resource


# ---------------------------------------------------------------- by a metric
@dataclass(frozen=True, slots=True)
class ByMetric:
    """A commit is bad when a metric is worse than at the good end by ``worse_than`` or more, and
    good when as much can be excluded; both run in turns, ``pairs`` times and more.
    """

    probe: Probe
    good: str
    metric: str
    worse_than: float
    pairs: int

    def of(self, commit: Commit, evidence: Path, wanted: Sequence[Key], told: TextIO) -> Seen:
        """See Trial; ``wanted`` says nothing here."""
        if commit.sha == self.good:
            return Seen("good", "the others are run in turns with it", "PASS")
        root = self.probe.root
        with checked_out(root, self.good) as before, checked_out(root, commit.sha) as after:
            for number in range(1, TRIES + 1):
                names: dict[Side, str] = {"before": self.good[:7], "after": commit.short}
                folder = evidence if number == 1 else evidence / f"again-{number}"
                sides = Sides(root, {"before": before, "after": after}, names, folder)
                seen = self._compared(sides)
                if seen.mark != "skip":
                    break
                told.write(f"{seen.why}\n")
        return seen

    def _compared(self, sides: Sides) -> Seen:
        example = self.probe.root / self.probe.path
        seen = compared(self.probe.example.name, example, sides, pairs=self.pairs)
        if seen.not_compared:
            raise TargetError(f"the good end does not run: {seen.not_compared}")
        mine = next((one for one in seen.comparison if one.metric.name == self.metric), None)
        if mine is None:
            return Seen("skip", f"{self.metric} was not measured", seen.outcome.value)
        mark, why = self._marked(mine)
        findings = (f"{self.metric}: {why}",) if mark == "bad" else ()
        return Seen(mark, why, seen.outcome.value, findings=findings, judged=mine.as_json())

    def _marked(self, seen: Compared) -> tuple[Mark, str]:
        if seen.effect is None or seen.interval is None:
            return "skip", seen.why or "it could not be compared"
        sign = 1 if seen.metric.worse == "higher" else -1
        effect = sign * seen.effect
        most = max(sign * end for end in seen.interval)
        low, high = seen.interval
        told = f"{_share(seen.effect)} ({_share(low)} to {_share(high)})"
        if seen.status == "REGRESSED" and effect >= self.worse_than:
            return "bad", f"worse: {told}"
        if most < self.worse_than:
            return "good", f"not worse by {_share(self.worse_than)}: {told}"
        return "skip", f"neither worse by {_share(self.worse_than)} nor not: {told}"


def _share(value: float) -> str:
    return f"{100 * value:+.3g} %"
