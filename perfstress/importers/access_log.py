"""Access logs: what was asked, how often, how fast at the peak, and how much of it at once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import BinaryIO

from perfstress.example import METHODS
from perfstress.importers import secrets
from perfstress.importers.identifiers import drawn
from perfstress.importers.log_entry import hit_of
from perfstress.importers.opened import lines
from perfstress.importers.patterns import pattern
from perfstress.importers.recorded import (
    BodySizes,
    Recorded,
    RecordedJourney,
    RecordedStep,
    bad_recording,
)
from perfstress.importers.traffic import Distribution, Kind, Kinds, Seconds, Seen

# As many journeys as make up this share of the requests, within bounds; the rest is told.
ENOUGH = 0.9
FEWEST_JOURNEYS, MOST_JOURNEYS = 8, 40
# A file of which so many lines are not understood is none of this kind.
PATIENCE = 100_000

_pattern = lru_cache(maxsize=65_536)(pattern)


def read(file: BinaryIO, name: str) -> Recorded:
    """The mix of requests, the busiest second, the mean rate, and the times between."""
    seconds, kinds = Seconds(), Kinds()
    bodies, took = Distribution(), Distribution()
    read = unread = 0
    for line in lines(file):
        if not line.strip():
            continue
        read += 1
        hit = hit_of(line)
        if hit is None or hit.method not in METHODS or not hit.path.startswith("/"):
            unread += 1
            if unread > PATIENCE and not kinds.total:
                break
            continue
        seconds.add(hit.at_s, hit.took_s)
        kinds.add((hit.method, _pattern(hit.path)), hit.path, hit.status)
        if hit.took_s is not None:
            took.add(hit.took_s)
        if hit.body_bytes:
            bodies.add(hit.body_bytes)
    if not kinds.total:
        raise bad_recording(
            f"{name}: has no line in the combined log format, and none of a JSON access log",
            'such as  127.0.0.1 - - [28/Nov/2025:11:00:00 +0000] "GET / HTTP/1.1" 200 42',
        )
    notes = [f"{seconds.total:,} requests in {seconds.seconds:,.0f} s"]
    notes += rarer(kinds)
    if unread:
        notes.append(f"{unread:,} of {read:,} lines could not be read")
    if not took.count:
        notes.append("it does not say how long requests took, so not how many came at once")
    return Recorded(
        tuple(journeys(kinds)),
        f"access log {name}, {utc(seconds.first_s)} to {utc(seconds.last_s)} UTC",
        peak_hz=seconds.peak_hz,
        steady_hz=seconds.steady_hz,
        notes=tuple(notes),
        seconds=seconds.seconds,
        concurrency=seconds.most_at_once(),
        bodies=sizes(bodies),
        p99_s=took.percentile(0.99) if took.count else None,
        learnt=dict(_secrets(kinds)),
    )


def _secrets(kinds: Kinds) -> Iterator[tuple[str, str]]:
    """What stood in secret parameters of the paths that identifiers are taken from."""
    for _, seen in frequent(kinds):
        for path in seen.paths:
            for pair in path.partition("?")[2].split("&"):
                key, _, value = pair.partition("=")
                if secrets.is_secret_parameter(key):
                    yield from secrets.learnt(key, value)


def sizes(bodies: Distribution) -> BodySizes | None:
    """Figures of bodies, where there are any."""
    if not bodies.count:
        return None
    p50, p99 = bodies.percentile(0.5), bodies.percentile(0.99)
    return BodySizes(round(p50), round(p99), round(bodies.largest))


def frequent(kinds: Kinds) -> list[tuple[Kind, Seen]]:
    """The kinds that are drafted."""
    taken: list[tuple[Kind, Seen]] = []
    count = 0
    for kind, seen in kinds.most_common(MOST_JOURNEYS):
        if len(taken) >= FEWEST_JOURNEYS and count >= ENOUGH * kinds.total:
            break
        taken.append((kind, seen))
        count += seen.count
    return taken


def rarer(kinds: Kinds) -> Iterator[str]:
    """What is said of the kinds that are not drafted."""
    kept = frequent(kinds)
    if len(kinds) > len(kept):
        share = 1 - sum(seen.count for _, seen in kept) / kinds.total
        rare = len(kinds) - len(kept)
        what = "one rarer kind is" if rare == 1 else f"{rare:,} rarer kinds are"
        yield f"{what} left out, {share:.1%} of all requests"


def journeys(kinds: Kinds) -> Iterator[RecordedJourney]:
    """A journey of one request for each of the most frequent kinds."""
    for (method, kind), seen in frequent(kinds):
        path = seen.paths.most_common(1)[0][0]
        body = "TODO: the body is not recorded" if method in ("post", "put", "patch") else None
        path, ids = drawn(path, kind, seen.paths)
        note = f"one of {len(ids)} that were seen first" if ids else None
        step = RecordedStep(method, path, json=body, status=_usual(seen), note=note)
        yield RecordedJourney("", seen.count, (step,), ids=ids)


def _usual(seen: Seen) -> int | None:
    """The most frequent answer that is no error, or else the most frequent one."""
    good = [
        status for status, _ in seen.statuses.most_common() if 200 <= status < 400 and status != 304
    ]
    return next(iter([*good, *(status for status in seen.statuses if status != 304)]), None)


def utc(time_s: float) -> str:
    """As people read it."""
    return datetime.fromtimestamp(time_s, UTC).strftime("%Y-%m-%d %H:%M:%S")
