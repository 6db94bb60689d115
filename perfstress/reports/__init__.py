"""The reports: one verdict and its run, told for a terminal, a browser or another program."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from perfstress.protocols import Reporter
from perfstress.reports import html, json, junit, markdown, text
from perfstress.run import Run
from perfstress.verdict import Verdict

# By the name that ``report --format`` takes.
REPORTS: Mapping[str, Reporter] = {
    "text": text.report,
    "html": html.report,
    "json": json.report,
    "junit": junit.report,
    "markdown": markdown.report,
}


def write_report(verdict: Verdict, run: Run, path: Path, fmt: str = "html") -> None:
    """Write a report to a file, whole or not at all; raises OSError where it cannot be written."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("w", encoding="utf-8", newline="\n") as file:
            REPORTS[fmt](verdict, run, file)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
