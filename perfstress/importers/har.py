"""HAR, a browser's recording: pages become journeys, with the pauses of the one who clicked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from perfstress.example import METHODS
from perfstress.importers.access_log import sizes, utc
from perfstress.importers.captures import Links, steps_of
from perfstress.importers.exchange import Exchange, exchange_of, known_secrets
from perfstress.importers.patterns import pattern
from perfstress.importers.recorded import Recorded, RecordedJourney, bad_recording
from perfstress.importers.streamed import elements
from perfstress.importers.traffic import Distribution, Seconds
from perfstress.units import format_duration

MOST_JOURNEYS = 8
MOST_STEPS = 20
# A shorter pause is the browser's, not that of a person.
SHORTEST_THINK_S = 0.5
LONGEST_THINK_S = 600.0
_ENTRIES = ("log", "entries")

Visit = list[Exchange]


def read(file: BinaryIO, name: str) -> Recorded:
    """The pages that were visited on the host that most were on, each kind of page a journey."""
    exchanges, learnt, left_out = _exchanges(file, name)
    host = _host(exchanges)
    own = _kept(exchanges, host, left_out)
    if not own:
        raise bad_recording(
            f"{name}: of {len(exchanges):,} requests none is left to be sent: {_told(left_out)}",
            "record the pages that are to be stressed",
        )
    visits = sorted(_visits(own), key=lambda visit: visit[0].at_s)
    starts, took, bodies = Seconds(), Distribution(), Distribution()
    for visit in visits:
        starts.add(visit[0].at_s, None)
    for exchange in own:
        took.add(exchange.took_s)
        if exchange.body_bytes:
            bodies.add(exchange.body_bytes)
    journeys, told = _journeys(visits)
    notes = [
        f"{len(own):,} requests to {host} in {len(visits):,} visits",
        "one browser: production has as many times this rate as it has people at once",
        *told,
    ]
    notes += [f"left out: {_told(left_out)}"] if left_out else []
    return Recorded(
        tuple(journeys),
        f"HAR {name} of one browser, {utc(starts.first_s)} to {utc(starts.last_s)} UTC",
        peak_hz=starts.peak_hz,
        steady_hz=starts.steady_hz,
        notes=tuple(notes),
        seconds=starts.seconds,
        concurrency=most_at_once((each.at_s, each.end_s) for each in own),
        bodies=sizes(bodies),
        p99_s=took.percentile(0.99) or None,
        learnt=learnt,
    )


def _exchanges(file: BinaryIO, name: str) -> tuple[list[Exchange], dict[str, str], Counter[str]]:
    """All that was answered, the values of secrets, and what is left out for which reason."""
    exchanges: list[Exchange] = []
    learnt: dict[str, str] = {}
    left_out: Counter[str] = Counter()
    links = Links()
    entries = timed = 0
    for at, value in elements(file, _ENTRIES, name):
        if at != _ENTRIES:
            continue
        entries += 1
        exchange = exchange_of(value, name, entries)
        timed += isinstance(value.get("startedDateTime"), str)
        if exchange is None:
            left_out["without an answer or a time"] += 1
            continue
        for secret, variable in known_secrets(value):
            learnt.setdefault(secret, variable)
        links.add(exchange)
        exchanges.append(exchange)
    if not entries:
        raise bad_recording(
            f"{name}: holds no request: there is nothing in log.entries",
            "record with the network tab open, and save it as HAR with content",
        )
    if not timed:
        message = f"{name}: no entry has a time (startedDateTime), so there is no rate"
        raise bad_recording(message, "record it again")
    return exchanges, learnt, left_out


def _host(exchanges: Iterable[Exchange]) -> str:
    """Where most visits began; without pages, where most requests went."""
    firsts: dict[str, Exchange] = {}
    for exchange in exchanges:
        if exchange.page and not exchange.is_static:
            firsts.setdefault(exchange.page, exchange)
    counted = Counter(each.host for each in firsts.values())
    counted = counted or Counter(each.host for each in exchanges if not each.is_static)
    return counted.most_common(1)[0][0] if counted else ""


def _kept(exchanges: Iterable[Exchange], host: str, left_out: Counter[str]) -> list[Exchange]:
    """What a service answers that a person asked; the rest is counted."""
    own = []
    for exchange in exchanges:
        if exchange.host != host:
            left_out[f"to {exchange.host}"] += 1
        elif exchange.is_static:
            left_out["for pictures, styles and scripts"] += 1
        elif exchange.method == "options":
            left_out["of a browser that asked for leave (OPTIONS)"] += 1
        elif exchange.method not in METHODS:
            left_out[f"by {exchange.method.upper()}"] += 1
        else:
            own.append(exchange)
    return own


def _told(left_out: Counter[str]) -> str:
    said = [f"{count:,} {why}" for why, count in left_out.most_common(5)]
    more = sum(left_out.values()) - sum(count for _, count in left_out.most_common(5))
    return ", ".join(said) + (f", {more:,} more" if more else "")


def _visits(own: list[Exchange]) -> Iterator[Visit]:
    """The requests of each page in order; without pages, those from one document to the next, or
    each for itself where there is no end to them.
    """
    pages: dict[str, Visit] = {}
    loose: list[Visit] = []
    for exchange in sorted(own, key=lambda exchange: exchange.at_s):
        if exchange.page:
            pages.setdefault(exchange.page, []).append(exchange)
        elif exchange.is_document or not loose:
            loose.append([exchange])
        else:
            loose[-1].append(exchange)
    yield from pages.values()
    if len(loose) == 1 and len(loose[0]) > MOST_STEPS:
        yield from ([exchange] for exchange in loose[0])
    else:
        yield from loose


def _journeys(visits: list[Visit]) -> tuple[list[RecordedJourney], list[str]]:
    """A journey for each of the most frequent pages, as its visits most often went, and what is not
    in them.
    """
    pages: dict[tuple[str, str], list[Visit]] = {}
    for visit in visits:
        pages.setdefault((visit[0].method, pattern(visit[0].path)), []).append(visit)
    ranked = sorted(pages.values(), key=len, reverse=True)
    journeys, notes = [], []
    for alike in ranked[:MOST_JOURNEYS]:
        visit = _typical(alike)
        if len(visit) > MOST_STEPS:
            more = len(visit) - MOST_STEPS
            notes.append(f"of {visit[0].method.upper()} {pattern(visit[0].path)} the first "
                         f"{MOST_STEPS} requests are taken, {more} left out")  # fmt: skip
            visit = visit[:MOST_STEPS]
        journeys.append(RecordedJourney("", len(alike), steps_of(visit, _thinks(visit))))
    if len(ranked) > MOST_JOURNEYS:
        rest = sum(map(len, ranked[MOST_JOURNEYS:]))
        notes.append(f"{len(ranked) - MOST_JOURNEYS} rarer pages are left out, "
                     f"{rest / len(visits):.1%} of the visits")  # fmt: skip
    return journeys, notes


def _typical(alike: list[Visit]) -> Visit:
    """The first of the visits that went as most did."""
    ways = [tuple((each.method, pattern(each.path)) for each in visit) for visit in alike]
    usual = Counter(ways).most_common(1)[0][0]
    return alike[ways.index(usual)]


def _thinks(visit: Visit) -> dict[int, str]:
    """The pauses in which nothing was under way, by the number of the request behind each."""
    found: dict[int, str] = {}
    end_s = visit[0].end_s
    for number, exchange in enumerate(visit[1:], 1):
        pause_s = min(exchange.at_s - end_s, LONGEST_THINK_S)
        if pause_s >= SHORTEST_THINK_S:
            found[number] = format_duration(round(pause_s * 10) * 100_000_000)
        end_s = max(end_s, exchange.end_s)
    return found


def most_at_once(spans: Iterable[tuple[float, float]]) -> int:
    """The largest number of spans that share a moment."""
    changes = sorted(change for begin, end in spans for change in ((begin, 1), (end, -1)))
    most = level = 0
    for _, change in changes:
        level += change
        most = max(most, level)
    return max(1, most)
