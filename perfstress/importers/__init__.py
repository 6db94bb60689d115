"""Others' formats to the figures of a draft: one module each, one table."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, Protocol

from perfstress.errors import UsageError
from perfstress.importers import access_log, curl, har
from perfstress.importers.finishing import finished
from perfstress.importers.opened import open_recording
from perfstress.importers.recorded import Recorded


class Importer(Protocol):
    """Reads a recording, unpacked, of a file of that name; raises UsageError saying what is wrong.
    What it gives still has the secrets of the recording in it.
    """

    def __call__(self, file: BinaryIO, name: str, /) -> Recorded:
        """What was recorded."""
        ...


IMPORTERS: Mapping[str, Importer] = {
    "access-log": access_log.read,
    "curl": curl.read,
    "har": har.read,
}
NOT_YET: tuple[str, ...] = ("openapi", "postman", "locust", "k6")


def read(source: str, path: Path) -> Recorded:
    """The recording in a file, without its secrets; raises UsageError."""
    with open_recording(path) as (file, hashed):
        recorded = finished(IMPORTERS[source](file, path.name))
        digest = hashed.sha256()
    return dataclasses.replace(recorded, source=f"{recorded.source}; sha256 {digest}")


__all__ = ["IMPORTERS", "NOT_YET", "Importer", "Recorded", "UsageError", "read"]
