"""The reports: one verdict and its run, told for a terminal, a browser or another program."""

from __future__ import annotations

from collections.abc import Mapping

from perfstress.protocols import Reporter
from perfstress.reports import html, json, text

# By the name that ``report --format`` takes.
REPORTS: Mapping[str, Reporter] = {
    "text": text.report,
    "html": html.report,
    "json": json.report,
}
# Names of the contract that a later version will take; refused by name until then.
REPORTS_NOT_YET: tuple[str, ...] = ("junit", "markdown")
