"""What a file looks like: which of the formats that can be read it is, whatever it was called."""

from __future__ import annotations

import re
from pathlib import Path

from perfstress.errors import PerfstressError
from perfstress.importers.log_entry import hit_of
from perfstress.importers.opened import open_recording

# The key that shows a description of OpenAPI may come last, where its keys are sorted.
HEAD = 4 << 20

# In order: the first whose form is found in the head of a file.
_FORMS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("locust", re.compile(r"\A\W*(?:Type,Name,Request Count|Timestamp,User Count)|\AType,Name,")),
    ("k6", re.compile(r'\Ametric_name,|\A\s*\{"type":\s*"(?:Metric|Point)"|"http_req_duration"')),
    ("postman", re.compile(r"getpostman\.com|_postman_id|\"item\"\s*:.*\"request\"\s*:", re.S)),
    ("har", re.compile(r'\A\s*\{\s*"log"\s*:\s*\{|"startedDateTime"')),
    ("openapi", re.compile(r"(?m)^\s*\{?\s*[\"']?(?:openapi|swagger)[\"']?\s*:")),
    ("curl", re.compile(r"(?m)^\s*curl\s")),
)


def looks_like(path: Path) -> str | None:
    """The format of a file by its head; None where it is none of them, or cannot be read."""
    try:
        with open_recording(path) as (file, _):
            head = file.read(HEAD).decode("utf-8", "replace").lstrip("\ufeff")
    except PerfstressError:
        return None
    if any(hit_of(line) is not None for line in head.splitlines()[:20]):
        return "access-log"
    return next((name for name, form in _FORMS if form.search(head)), None)
