"""Trying the examples of the self-test: each as a user would, by ``perfstress discover``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perfstress.clock import now_ns
from perfstress.errors import ExitCode
from perfstress.selftest.cases import Case
from perfstress.units import NS_PER_S

WITHIN_S = 180.0
# Most of a run is waiting: for floors to settle, for the load to come. Those that are judged by
# times would spoil each other; the rest take some twentieth of a core.
TIMED_AT_ONCE = 3
UNTIMED_AT_ONCE = 2
TRIES = 2  # a machine that was busy for a moment is no reason to despair of it


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one run: the classes that failed it, its verdict, and how long it took. ``open``
    are classes that were told and did not fail it while ``doubt`` left one of its criteria open.
    """

    case: str
    defect: str
    verdict: str
    found: tuple[str, ...]
    why: str
    seconds: float
    open: tuple[str, ...] = ()
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """One finding class: whether its planted defect was found, and its twin left alone; None where
    the run left it open, as it does on a busy machine.
    """

    kind: str
    found: bool | None
    clean: bool | None
    case: str
    seconds: float
    why: str

    @property
    def held(self) -> bool:
        """Whether all is as it has to be."""
        return bool(self.found and self.clean)

    @property
    def is_wrong(self) -> bool:
        """Whether a defect was missed, or something was found where there is nothing."""
        return self.found is False or self.clean is False


class Trial:
    """Runs in a folder of their own, several at a time; ``stop`` ends those that are under way."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[str]] = set()
        self._stopped = False

    def run(self, case: Case, defect: str, wanted: Sequence[str]) -> Answer:
        """Try one example until it answers as it should, or the tries are over."""
        answer = self._once(case, defect, 0)
        for attempt in range(1, TRIES):
            if self._stopped or _is_as_wanted(answer, wanted):
                break
            answer = self._once(case, defect, attempt)
        return answer

    def _once(self, case: Case, defect: str, attempt: int) -> Answer:
        folder = self._folder / f"{case.name}-{defect.replace(',', '-') or 'twin'}-{attempt}"
        folder.mkdir(parents=True)
        file = folder / f"{case.name}.yaml"
        # A JSON document is a YAML document.
        file.write_text(json.dumps(case.example(defect)), encoding="utf-8")
        words = [sys.executable, "-m", "perfstress", "discover", str(file), "--json", "--quiet"]
        began_ns = now_ns()
        with self._lock:
            if self._stopped:
                return Answer(case.name, defect, "NOT RUN", (), "interrupted", 0.0)
            process = subprocess.Popen(
                [*words, *case.options],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            self._running.add(process)
        try:
            out, err = process.communicate(timeout=WITHIN_S)
        except subprocess.TimeoutExpired:
            process.terminate()
            out, err = process.communicate()
        finally:
            with self._lock:
                self._running.discard(process)
        seconds = (now_ns() - began_ns) / NS_PER_S
        return _answer(case, defect, process.returncode, out, err, seconds)

    @property
    def is_stopped(self) -> bool:
        """Whether what is under way was ended: what it says then is no answer."""
        return self._stopped

    def stop(self) -> None:
        """End what is under way, as Ctrl-C does: no target is left."""
        with self._lock:
            self._stopped = True
            running = list(self._running)
        for process in running:
            process.terminate()


def _answer(
    case: Case, defect: str, code: int, out: str, err: str, seconds: float
) -> Answer:  # fmt: skip
    try:
        verdict: dict[str, Any] = json.loads(out)
    except ValueError:
        said = err.strip().splitlines()[-1:] or [f"exit code {code}"]
        return Answer(case.name, defect, f"EXIT {code}", (), said[0], seconds)
    found = tuple(one["class"] for one in verdict["findings"] if one["fails"])
    why = "" if code == ExitCode.PASS else "; ".join(verdict["reasons"][:3])
    doubts = [
        f"{check['text']}: {check['seen']}"
        for check in verdict["checks"]
        if check["outcome"] == "INCONCLUSIVE"
    ]
    told = tuple(one["class"] for one in verdict["findings"] if not one["fails"])
    return Answer(
        case.name,
        defect,
        verdict["verdict"],
        found,
        why,
        seconds,
        open=told if doubts else (),
        doubt="; ".join(doubts),
    )


def _is_as_wanted(answer: Answer, wanted: Sequence[str]) -> bool:
    if wanted:
        return set(wanted) <= set(answer.found)
    return answer.verdict == "PASS" and not answer.found


def try_all(
    cases: Sequence[Case],
    only: Sequence[str],
    folder: Path,
    tell: Callable[[Result], None],
) -> list[Result]:
    """Try the defects that show the classes in ``only`` (all without any), and the twins of their
    examples; ``tell`` gets each class as soon as both are known. Ctrl-C ends what is under way.
    """
    trial = Trial(folder)
    jobs: list[tuple[Case, str, tuple[str, ...]]] = []
    for case in cases:
        chosen = {
            defect: tuple(one for one in classes if not only or one in only)
            for defect, classes in case.defects.items()
        }
        wanted = [(case, defect, classes) for defect, classes in chosen.items() if classes]
        jobs += [*wanted, (case, "", ())] if wanted else []
    answers: dict[tuple[str, str], Answer] = {}
    results: list[Result] = []
    lock = threading.Lock()

    def work(job: tuple[Case, str, tuple[str, ...]]) -> None:
        case, defect, wanted = job
        answer = trial.run(case, defect, wanted)
        with lock:
            if trial.is_stopped:
                return
            answers[case.name, defect] = answer
            for fresh in _known(case, jobs, answers, results):
                results.append(fresh)
                tell(fresh)

    alone = os.cpu_count() == 1
    with (
        ThreadPoolExecutor(1 if alone else TIMED_AT_ONCE) as timed,
        ThreadPoolExecutor(UNTIMED_AT_ONCE) as untimed,
    ):
        try:
            pools = [timed if alone or case.timed else untimed for case, _, _ in jobs]
            waiting = [pool.submit(work, job) for pool, job in zip(pools, jobs, strict=True)]
            for done in waiting:
                done.result()
        except BaseException:
            trial.stop()
            raise
    return results


def _unless_open(answer: Answer, so: bool) -> bool | None:
    return None if not so and answer.verdict == "INCONCLUSIVE" else so


def _known(
    case: Case,
    jobs: Sequence[tuple[Case, str, tuple[str, ...]]],
    answers: dict[tuple[str, str], Answer],
    told: Sequence[Result],
) -> list[Result]:
    """The classes of an example whose defect and twin have both been tried, and are not told."""
    twin = answers.get((case.name, ""))
    if twin is None:
        return []
    fresh = []
    for one, defect, classes in jobs:
        answer = answers.get((one.name, defect))
        if one is not case or not defect or answer is None:
            continue
        for kind in classes:
            if any(result.kind == kind for result in told):
                continue
            found = _unless_open(answer, kind in answer.found)
            why = "" if found else f"planted: {answer.verdict}, {answer.why or 'nothing found'}"
            if not found and kind in answer.open:
                found, why = None, f"planted: told, and left open: {answer.doubt}"
            clean = _unless_open(twin, _is_as_wanted(twin, ()))
            if not clean:
                why = "; ".join(filter(None, [why, f"twin: {twin.verdict}, {twin.why}"]))
            seconds = round(answer.seconds + twin.seconds, 1)
            fresh.append(Result(kind, found, clean, case.name, seconds, why))
    return fresh
