"""``perfstress judge``: the verdict again, from the run on disk."""

from __future__ import annotations

from pathlib import Path
from typing import TextIO

from perfstress import judge as judgement
from perfstress import runfile
from perfstress.errors import ExitCode
from perfstress.reports import REPORTS


def judge(run_path: Path, *, as_json: bool, out: TextIO, err: TextIO) -> ExitCode:
    """Judge a run that was recorded earlier and put the result beside it.

    The verdict goes to ``out``; with ``as_json`` the object does, and the text for people to
    ``err``. A run that is still being recorded, or whose perfstress was killed, is judged on what
    there is.
    """
    run = runfile.read(run_path)
    verdict = judgement.judge(run)
    runfile.write_result(run_path, verdict.as_json())
    REPORTS["text"](verdict, run, err if as_json else out)
    if as_json:
        REPORTS["json"](verdict, run, out)
    return verdict.outcome.exit_code
