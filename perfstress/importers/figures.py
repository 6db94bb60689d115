"""Requests as other tools name them in their figures: ``GET /orders/[id]``, an address, a word."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from perfstress.example import METHODS
from perfstress.importers.addresses import apart
from perfstress.importers.recorded import RecordedJourney, RecordedStep

MOST_JOURNEYS = 40
_GROUP = re.compile(r"\[[^\]/]*\]|<[^>/]*>|\{[^}/]*\}|\$\{[^}/]*\}|:[A-Za-z_]\w*(?=/|$|\?)|\*")


def path_of(text: str) -> str:
    """The path that a name has in it, or nothing; what stands for many in it becomes TODO."""
    if "://" in text:
        text = apart(text)[2]
    words = [word for word in text.split() if word.startswith("/")]
    return _GROUP.sub("TODO", words[0]) if words else ""


def journeys(seen: Iterable[tuple[str, str, int]]) -> Iterator[RecordedJourney]:
    """A journey of one request for each of the most frequent (method, name, count)."""
    ranked = sorted((each for each in seen if each[2] > 0), key=lambda each: -each[2])
    ranked = ranked or [("get", "all requests", 1)]
    for method, name, count in ranked[:MOST_JOURNEYS]:
        method = method.lower()
        known = method if method in METHODS else "get"
        path = path_of(name)
        note = None
        if method != known:
            note = f"recorded as {method.upper() or 'something'} {name}"
        elif not path or "TODO" in path:
            note = f"called {name} in the figures"
        body = "TODO: the body is not recorded" if known in ("post", "put", "patch") else None
        step = RecordedStep(known, path or "/TODO", json=body, note=note)
        yield RecordedJourney("" if path else name, count, (step,))


def left_out(count: int, rest: int, total: int) -> Iterator[str]:
    """What is said of requests beyond the journeys."""
    if rest > 0 and total:
        what = "one rarer kind is" if count == 1 else f"{count:,} rarer kinds are"
        yield f"{what} left out, {rest / total:.1%} of all requests"
