"""Access logs in the combined format: what was asked, how often, and how fast at the peak."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

from perfstress.accesslog import entry_of
from perfstress.errors import UsageError
from perfstress.example import METHODS
from perfstress.importers.recorded import Recorded, RecordedJourney, RecordedStep

# Journeys beyond these are told as a share, not drafted.
MOST_JOURNEYS = 8

_IDENTIFIER = re.compile(r"\d+|[0-9a-fA-F-]{16,}")


def read(text: str, name: str) -> Recorded:
    """The mix of requests, the busiest second, the mean rate, and the times between."""
    seconds: Counter[int] = Counter()
    kinds: Counter[tuple[str, str]] = Counter()
    paths: dict[tuple[str, str], Counter[str]] = {}
    lines = unread = 0
    for method, path, time in _requests(text):
        lines += 1
        if time is None:
            unread += 1
            continue
        kind = (method, _pattern(path))
        seconds[time] += 1
        kinds[kind] += 1
        paths.setdefault(kind, Counter())[path] += 1
    if not kinds:
        raise UsageError(
            f"{name}: has no line in the combined log format",
            hint='such as  127.0.0.1 - - [28/Nov/2025:11:00:00 +0000] "GET / HTTP/1.1" 200 42',
            slug="bad-recording",
        )
    first, last = min(seconds), max(seconds)
    total = sum(seconds.values())
    kept = kinds.most_common(MOST_JOURNEYS)
    notes = [f"{total:,} requests in {last - first + 1:,} s"]
    if len(kinds) > len(kept):
        share = 1 - sum(count for _, count in kept) / total
        notes.append(f"{len(kinds) - len(kept)} rarer kinds, {share:.1%} of all, are left out")
    if unread:
        notes.append(f"{unread:,} of {lines:,} lines could not be read")
    return Recorded(
        tuple(_journeys(kept, paths)),
        f"access log {name}, {_utc(first)} to {_utc(last)} UTC",
        peak_hz=float(max(seconds.values())),
        steady_hz=total / (last - first + 1),
        notes=tuple(notes),
    )


def _requests(text: str) -> Iterator[tuple[str, str, int | None]]:
    for line in text.splitlines():
        if not line.strip():
            continue
        entry = entry_of(line)
        if entry is None or entry.method not in METHODS or not entry.path.startswith("/"):
            yield "", "", None
        else:
            yield entry.method, entry.path, entry.time_s


def _pattern(path: str) -> str:
    """A path without its query and with identifiers as one: ``/orders/*``."""
    return "/".join(
        "*" if _IDENTIFIER.fullmatch(part) else part for part in path.partition("?")[0].split("/")
    )


def _journeys(
    kept: list[tuple[tuple[str, str], int]], paths: dict[tuple[str, str], Counter[str]]
) -> Iterator[RecordedJourney]:
    used: set[str] = set()
    for (method, pattern), count in kept:
        words = re.sub(r"[^a-z0-9]+", "-", pattern.lower().replace("*", "one")).strip("-")
        name = f"{method}-{words or 'root'}"[:70]
        while name in used:
            name += "-"
        used.add(name)
        path = paths[method, pattern].most_common(1)[0][0]
        body = (
            "TODO: the log does not hold the body" if method in ("post", "put", "patch") else None
        )
        yield RecordedJourney(name, count, (RecordedStep(method, path, json=body),))


def _utc(time: int) -> str:
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d %H:%M:%S")
