"""The one place where an error ends and an exit code begins."""

from __future__ import annotations

import errno
import os
import platform
import sys
import traceback
from pathlib import Path

import typer

from perfstress.cli.options import app
from perfstress.errors import ExitCode, PerfstressError, UsageError
from perfstress.version import __version__

_FULL = (errno.ENOSPC, errno.EDQUOT)


def run(arguments: list[str]) -> int:
    """Run the command line and give back its exit code; every error ends here, and nowhere else."""
    try:
        result = app(arguments, standalone_mode=False, prog_name="perfstress")
        sys.stdout.flush()
        return int(result) if isinstance(result, int) else 0
    except PerfstressError as error:
        _tell(error)
        return int(error.exit_code)
    except (typer.Abort, KeyboardInterrupt):  # typer makes the one of the other
        sys.stderr.write("interrupted\n")
        return int(ExitCode.INTERRUPTED)
    except SystemExit as left:
        if isinstance(left.__context__, OSError):  # typer leaves with 1, which is FAIL, on EPIPE
            return _usage_or_bug(left.__context__, arguments)
        raise
    except Exception as error:
        return _usage_or_bug(error, arguments)


def _usage_or_bug(error: Exception, arguments: list[str]) -> int:
    """A wrong command line is shown as the parser says it; anything else is ours, with a log."""
    show = getattr(error, "show", None)
    if callable(show):
        show()
        return int(getattr(error, "exit_code", ExitCode.USAGE))
    if isinstance(error, OSError) and error.errno in _FULL:
        where = error.filename or "the disk or standard output"
        _tell(UsageError(f"{where}: {error.strerror}", hint="free some space", slug="disk-full"))
        return int(ExitCode.USAGE)
    details = (
        f"perfstress {__version__}, Python {sys.version}, {platform.platform()}\n"
        f"command: perfstress {' '.join(arguments)}\n\n"
        f"{''.join(traceback.format_exception(error))}"
    )
    sys.stderr.write(f"perfstress: a bug of ours: {type(error).__name__}: {error}\n")
    if path := _kept(details):
        sys.stderr.write(f"  hint: {path} has the details for a report\n")
    else:
        sys.stderr.write(f"  hint: the details for a report, which could not be kept:\n{details}")
    return int(ExitCode.BUG)


def _kept(details: str) -> Path | None:
    """The file with the details of a bug; None where there is no place for one."""
    try:
        state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
        path = Path(state, "perfstress", f"bug-{os.getpid()}.log")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(details, encoding="utf-8", errors="replace")
    except (OSError, RuntimeError):  # RuntimeError: there is no home
        return None
    return path


def _tell(error: PerfstressError) -> None:
    slug = f"  [{error.slug}]" if error.slug else ""
    sys.stderr.write(f"{error.message}{slug}\n")
    if error.hint:
        sys.stderr.write(f"  hint: {error.hint}\n")
