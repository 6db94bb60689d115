"""A verdict for a browser: one page that needs no network, charts included."""

from __future__ import annotations

from typing import TextIO

from perfstress.run import Run
from perfstress.verdict import Verdict


def report(verdict: Verdict, run: Run, out: TextIO) -> None:
    """Write the page."""
    raise NotImplementedError
