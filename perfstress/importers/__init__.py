"""Others' formats to the figures of a draft: one module each, one table."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from perfstress.importers import access_log, curl
from perfstress.importers.recorded import Recorded

# From the text of a recording and the name of its file; raises UsageError saying what is wrong.
Importer = Callable[[str, str], Recorded]

IMPORTERS: Mapping[str, Importer] = {"curl": curl.read, "access-log": access_log.read}
NOT_YET: tuple[str, ...] = ("har", "openapi")

__all__ = ["IMPORTERS", "NOT_YET", "Importer", "Recorded"]
