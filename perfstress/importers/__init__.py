"""Others' formats to the figures of a draft: one module each, one table."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, Protocol

from perfstress.errors import UsageError
from perfstress.importers import access_log, curl, har, k6, locust, openapi, postman
from perfstress.importers.finishing import finished
from perfstress.importers.looks import looks_like
from perfstress.importers.opened import open_recording
from perfstress.importers.recorded import Recorded, bad_recording


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
    "k6": k6.read,
    "locust": locust.read,
    "openapi": openapi.read,
    "postman": postman.read,
}


_CALLED: Mapping[str, str] = {
    "access-log": "an access log",
    "curl": "command lines of curl",
    "har": "a HAR",
    "k6": "figures of k6",
    "locust": "figures of Locust",
    "openapi": "a description of OpenAPI",
    "postman": "a Postman collection",
}


def read(source: str, path: Path) -> Recorded:
    """The recording in a file, without its secrets; raises UsageError, which says what else the
    file looks like.
    """
    try:
        with open_recording(path) as (file, hashed):
            recorded = finished(IMPORTERS[source](file, path.name))
            digest = hashed.sha256()
    except UsageError as error:
        likely = looks_like(path) if error.slug == "bad-recording" else None
        if likely in (None, source):
            raise
        message = f"{error.message}; it looks like {_CALLED[likely or source]}"
        raise bad_recording(message, f"--from {likely}") from error
    return dataclasses.replace(recorded, source=f"{recorded.source}; sha256 {digest}")


__all__ = ["IMPORTERS", "Importer", "Recorded", "UsageError", "read"]
