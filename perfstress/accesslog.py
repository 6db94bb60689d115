"""One line of an access log in the combined format: what was asked, when, and how it ended."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

_LINE = re.compile(
    r'\S+ \S+ \S+ \[(?P<time>[^\]]+)\] "(?P<method>[A-Z]+) (?P<path>\S+)[^"]*" (?P<status>\d{3}) '
)
_TIME = "%d/%b/%Y:%H:%M:%S %z"


@dataclass(frozen=True, slots=True)
class Entry:
    """A request; ``time_s`` counts whole seconds since 1970, the method is in small letters."""

    method: str
    path: str
    status: int
    time_s: int


def entry_of(line: str) -> Entry | None:
    """What a line says; None where it is not a line of an access log."""
    match = _LINE.match(line)
    if match is None:
        return None
    time_s = _seconds(match["time"])
    if time_s is None:
        return None
    return Entry(match["method"].lower(), match["path"], int(match["status"]), time_s)


@lru_cache(maxsize=4096)  # the lines of a second have the same time, and parsing it is slow
def _seconds(text: str) -> int | None:
    try:
        return int(datetime.strptime(text, _TIME).timestamp())
    except ValueError:
        return None
