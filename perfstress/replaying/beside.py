"""One entry of a replay that compares HEAD with another commit: both run it in turns."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from perfstress import against, library
from perfstress.clock import now_ns
from perfstress.errors import ExitCode, PerfstressError
from perfstress.replaying.one import Circumstances, of_a_bug, of_an_error
from perfstress.replaying.plan import Plan, Planned
from perfstress.replaying.results import Replayed
from perfstress.units import NS_PER_S, human_duration
from perfstress.watching import Unwatched


class _Notes(Unwatched):
    """Hands on the notes, and looks away from the rest."""

    def __init__(self, err: TextIO) -> None:
        self._err = err

    def note(self, text: str) -> None:
        """A line."""
        self._err.write(f"perfstress: {text}\n")
        self._err.flush()


@contextmanager
def sides_of(plan: Plan, around: Circumstances) -> Iterator[against.Sides | None]:
    """Both commits checked out, and told with how long it will take; None where none is named."""
    wanted = plan.wanted
    if wanted.against is None:
        yield None
        return
    with against.both(around.root, wanted.against) as sides:
        around.err.write(
            f"perfstress: comparing {sides.names['after']} (HEAD) with {sides.names['before']}: "
            f"{wanted.pairs} pairs of runs an entry, about {human_duration(plan.seconds)}; as long "
            "again where something looks worse\n"
        )
        yield sides


def compared(planned: Planned, around: Circumstances, sides: against.Sides, pairs: int) -> Replayed:
    """The entry judged by most runs of HEAD, and failed by whatever became worse."""
    began = now_ns()
    try:
        library.check_frozen(planned.entry)
        seen = against.compared(
            planned.name, planned.example, sides, pairs=pairs, watcher=_Notes(around.err)
        )
    except PerfstressError as error:
        return of_an_error(planned, around, error)
    except Exception as error:  # of this entry only: the others do not pay for it
        return of_a_bug(planned, around, error, traceback.format_exception(error))
    code = ExitCode.FAIL if seen.regressed else seen.outcome.exit_code
    return Replayed(
        planned.name,
        around.tier,
        code.name,
        code,
        (now_ns() - began) / NS_PER_S,
        seen.findings,
        seen.run,
        problem=f"not compared: {seen.not_compared}" if seen.not_compared else "",
        comparison=tuple(one.as_json() for one in seen.comparison),
    )
