"""The errors a user can mend, each with a hint, a slug and the exit code that it ends with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum


class ExitCode(IntEnum):
    """What the process tells its caller. The table in ``docs/cli.md`` is tested against this."""

    PASS = 0
    FAIL = 1
    USAGE = 2
    TARGET = 3
    GUARD = 4
    BUG = 70
    INCONCLUSIVE = 125
    INTERRUPTED = 130


class PerfstressError(Exception):
    """Something the user can mend: one message, a hint, a slug (see ``docs/messages.md``)."""

    exit_code = ExitCode.USAGE

    def __init__(self, message: str, *, hint: str = "", slug: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.slug = slug


class UsageError(PerfstressError):
    """The command line asks for something that cannot be."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a file: where (1-based; 0 where there is no place), what, and a hint."""

    path: str
    slug: str
    message: str
    hint: str = ""
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        """``file:line:col: message  [slug]`` and the hint on a line of its own."""
        place = f"{self.path}:{self.line}:{self.column}" if self.line else self.path
        hint = f"\n  hint: {self.hint}" if self.hint else ""
        return f"{place}: {self.message}  [{self.slug}]{hint}"


class ExampleError(PerfstressError):
    """One or more problems in a worked example, all of them told at once."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class TargetError(PerfstressError):
    """The target could not be built, started or reached."""

    exit_code = ExitCode.TARGET


class GuardTripped(PerfstressError):
    """A guard refused the run before any load was sent: foreign hosts, too high a rate."""

    exit_code = ExitCode.GUARD


class RunError(PerfstressError):
    """A run directory is missing, damaged or of another format."""


class LibraryError(PerfstressError):
    """The regression library refuses: nothing to promote, an entry that does not hold together."""


class ProvenanceError(PerfstressError):
    """git could not be asked."""
