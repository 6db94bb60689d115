"""The course of a replay: one entry after the other, within the budget, each in the journal before
the next begins.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from perfstress.against import Sides
from perfstress.clock import now_ns, wall
from perfstress.replaying import beside
from perfstress.replaying import journal as journals
from perfstress.replaying import plan as plans
from perfstress.replaying.one import Circumstances, replayed
from perfstress.replaying.plan import LeftOut, Plan, Planned
from perfstress.replaying.results import Replayed, Summary
from perfstress.units import NS_PER_S, human_duration


def run(root: Path, plan: Plan, *, err: TextIO) -> Summary:
    """Carry out a plan. Interrupted, it gives back what came of it until then."""
    if not plan.planned:
        return Summary(plan, (), plan.left_out)
    return _Course(root, plan, journals.begin(root, plan), (), err).run()


def resume(root: Path, *, err: TextIO) -> Summary:
    """Go on with the last replay that was interrupted; the budget counts what was spent on it."""
    resumed = journals.resume(root)
    err.write(
        f"perfstress: going on with the replay of {resumed.journal.folder.name}: "
        f"{len(resumed.results)} of {len(resumed.plan.planned)} entries are done\n"
    )
    return _Course(root, resumed.plan, resumed.journal, resumed.results, err).run()


class _Course:
    """One replay under way."""

    def __init__(
        self,
        root: Path,
        plan: Plan,
        journal: journals.Journal,
        done: Sequence[Replayed],
        err: TextIO,
    ) -> None:
        self._plan = plan
        self._journal = journal
        self._err = err
        self._results = list(done)
        self._left_out = list(plan.left_out)
        self._spent_s = sum(result.seconds for result in done)
        self._began_ns = now_ns()
        wanted = plan.wanted
        self._around = Circumstances(root, wanted.tier, wanted.retries, journal.folder, err)

    def run(self) -> Summary:
        """Every entry that is still to run and fits."""
        done = {result.name for result in self._results}
        waiting = [one for one in self._plan.planned if one.name not in done]
        interrupted = False
        try:
            with beside.sides_of(self._plan, self._around) as sides:
                while waiting:
                    if self._fits(waiting[0]):
                        self._announce(waiting)
                        result = self._replayed(waiting[0], sides)
                        self._results.append(result)
                        waiting.pop(0)  # only now: interrupted anywhere, it is told once
                        self._journal.finished(result)
                        took = f" in {result.took}" if result.took != "-" else ""
                        self._say(f"{result.name}: {result.verdict}{took}")
                    else:
                        self._left_out.append(self._too_long(waiting.pop(0)))
            self._journal.ended()
        except KeyboardInterrupt:
            interrupted = True
            told = {result.name for result in self._results}
            self._left_out += [
                LeftOut(one.name, "interrupted before its end")
                for one in waiting
                if one.name not in told
            ]
        finally:
            self._journal.close()
        return Summary(
            self._plan,
            tuple(self._results),
            tuple(sorted(self._left_out, key=lambda left: left.name)),
            interrupted,
            self._seconds,
        )

    def _replayed(self, planned: Planned, sides: Sides | None) -> Replayed:
        if sides is None:
            return replayed(planned, self._around)
        return beside.compared(planned, self._around, sides, self._plan.wanted.pairs)

    @property
    def _seconds(self) -> float:
        return self._spent_s + (now_ns() - self._began_ns) / NS_PER_S

    def _fits(self, planned: Planned) -> bool:
        """Whether the time that is left is enough, as long as it is expected to take."""
        budget_s = self._plan.wanted.budget_s
        return budget_s is None or self._seconds + planned.seconds <= budget_s

    def _too_long(self, planned: Planned) -> LeftOut:
        return plans.too_long(planned, (self._plan.wanted.budget_s or 0.0) - self._seconds)

    def _announce(self, waiting: Sequence[Planned]) -> None:
        """The entry that is about to run, the first of those that wait, and when all are done."""
        planned = waiting[0]
        number, of = len(self._results) + 1, len(self._results) + len(waiting)
        left_s = sum(one.seconds for one in waiting)
        end = (wall() + datetime.timedelta(seconds=left_s)).astimezone()
        takes = f", about {human_duration(planned.seconds)}" if planned.seconds else ""
        left = f"; {human_duration(left_s)} left, done about {end:%H:%M}" if left_s else ""
        self._say(f"{number} of {of}: {planned.name}{takes}{left}")

    def _say(self, text: str) -> None:
        self._err.write(f"perfstress: {text}\n")
        self._err.flush()
