"""Runs of smaller shapes: whether the defective side still shows the finding, and the mended side
passes.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from perfstress import discovery
from perfstress.clock import now_ns
from perfstress.errors import ExampleError, TargetError
from perfstress.shrinking.admission import Wanted
from perfstress.shrinking.search import Step
from perfstress.shrinking.sides import Side
from perfstress.shrinking.writing import written
from perfstress.units import NS_PER_S, human_duration
from perfstress.verdict import Outcome, Verdict
from perfstress.wholefile import write_whole


@dataclass(slots=True)
class Trials:
    """Every try in order, with the folder below which their runs are kept.

    ``defective`` has to show ``wanted``; ``mended``, where there is one, has to pass. A line for
    each try goes to ``err`` while it is made.
    """

    wanted: Wanted
    folder: Path
    defective: Side
    err: TextIO
    mended: Side | None = None
    done: list[dict[str, Any]] = field(default_factory=list)

    def shows(self, step: Step[Mapping[str, Any]]) -> bool | None:
        """Whether the defective side shows the finding in a run of the smaller shape."""
        return self._told(step.what, step, (self.defective,))

    def confirms(self, step: Step[Mapping[str, Any]]) -> bool | None:
        """Whether the mended side passes with that shape, and the defective one fails again."""
        sides = (self.mended, self.defective) if self.mended else (self.defective,)
        return self._told("what is left, again", step, sides)

    def whole(self, side: Side, document: Mapping[str, Any]) -> bool | None:
        """Whether one side does with the whole example what it should."""
        return self._told("the whole example", Step("the whole example", document), (side,))

    def _told(self, what: str, step: Step[Mapping[str, Any]], sides: Sequence[Side]) -> bool | None:
        """One run of each side, until one does not do what it should; told in a line."""
        self.err.write(f"  {what}: ")
        answer: bool | None = None
        for number, side in enumerate(sides):
            self.err.flush()
            answer, told = self._try(side, step)
            self.err.write(f", {told}" if number else told)
            if not answer:
                break
        self.err.write("\n")
        self.err.flush()
        return answer

    def _try(self, side: Side, step: Step[Mapping[str, Any]]) -> tuple[bool | None, str]:
        """One run in a fresh process: what it says of its side, and that in words."""
        number = len(self.done) + 1
        run = self.folder / f"{number:03}"
        write_whole(side.file, written(step.shape))
        began = now_ns()
        try:
            order = discovery.order(side.file, out=run, overrides=side.overrides)
            verdict, _ = discovery.run_and_judge(
                order, confirm=False, quiet=True, err=io.StringIO()
            )
            answer, told = self._answer(side, verdict)
        except (TargetError, ExampleError) as error:
            answer, told = False, f"could not be run: {error.message.splitlines()[0]}"
        seconds = (now_ns() - began) / NS_PER_S
        self.done.append(
            {
                "what": step.what,
                "side": "mended" if side is self.mended else "defective",
                "result": told,
                "seconds": round(seconds, 1),
                "run": str(run),
            }
        )
        return answer, f"{told} ({human_duration(seconds)})"

    def _answer(self, side: Side, verdict: Verdict) -> tuple[bool | None, str]:
        if verdict.outcome is Outcome.INCONCLUSIVE:
            why = verdict.reasons[0] if verdict.reasons else "no reason was given"
            where = "the mended side is " if side is self.mended else ""
            return None, f"{where}inconclusive, {why}"
        if side is self.mended:
            passes = verdict.outcome is Outcome.PASS
            return passes, f"the mended side {'passes' if passes else 'fails, too'}"
        if self.wanted.is_in(verdict):
            return True, "still fails"
        if verdict.outcome is Outcome.PASS:
            return False, "passes"
        others = sorted({finding.kind for finding in verdict.findings if finding.fails})
        return False, f"fails by {', '.join(others) or 'a criterion'} alone"
