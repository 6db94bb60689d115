"""``perfstress report``: a run on disk, judged again and told in one of the formats."""

from __future__ import annotations

from pathlib import Path
from typing import TextIO

from perfstress import judge as judgement
from perfstress import runfile
from perfstress.errors import ExitCode, UsageError
from perfstress.protocols import Reporter
from perfstress.reports import REPORTS, write_report


def report(run_path: Path, fmt: str, output: Path | None, out: TextIO) -> ExitCode:
    """Write the report to ``output``, whole or not at all, or to ``out`` without one.

    PASS means that the report was written, whatever its verdict: a report tells, ``judge`` judges.
    Raises UsageError for a format that is not known, RunError for a run that cannot be read.
    """
    reporter = reporter_named(fmt)
    run = runfile.read(run_path)
    verdict = judgement.judge(run)
    if output is None:
        reporter(verdict, run, out)
        return ExitCode.PASS
    try:
        write_report(verdict, run, output, fmt)
    except OSError as error:
        raise UsageError(
            f"{output}: cannot be written: {error.strerror or error}",
            hint="name a file in a folder that exists and can be written",
            slug="output-not-writable",
        ) from error
    return ExitCode.PASS


def reporter_named(fmt: str) -> Reporter:
    """The reporter of a ``--format``; raises UsageError saying which there are."""
    if fmt in REPORTS:
        return REPORTS[fmt]
    raise UsageError(
        f"--format {fmt!r} is not a format",
        hint=f"write one of: {', '.join(REPORTS)}",
        slug="unknown-format",
    )
