"""The figures of a k6 run: its summary, or the stream of ``--out json`` or ``--out csv``."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import Any, BinaryIO

from perfstress.importers import figures
from perfstress.importers.access_log import frequent, rarer, utc
from perfstress.importers.log_entry import time_of
from perfstress.importers.opened import json_of, lines
from perfstress.importers.patterns import pattern
from perfstress.importers.recorded import Recorded, bad_recording
from perfstress.importers.traffic import Distribution, Kinds, Seconds

# Lines that begin a file and are none of a stream: then it is a summary, or nothing of k6.
_HINT = "k6 run --summary-export FILE, --out json=FILE or --out csv=FILE writes it"
LONGEST_SUMMARY = 10_000
# No figure of a run is so large.
_MOST = 1e15

Point = tuple[str, float, float, Mapping[str, Any]]


def read(file: BinaryIO, name: str) -> Recorded:
    """Rates, mix, users and response times."""
    text = lines(file)
    first = next((line for line in text if line.strip()), "")
    if first.startswith("metric_name,"):
        return _stream(_of_csv(chain([first], text), name), name)
    if first.lstrip().startswith('{"type"') or '"metric":' in first:
        return _stream(_of_json(chain([first], text)), name)
    rest = [first]
    for line in text:
        rest.append(line)
        if len(rest) > LONGEST_SUMMARY:
            raise bad_recording(f"{name}: holds no figures of k6", _HINT)
    if not first.lstrip().startswith("{"):
        raise bad_recording(f"{name}: holds no figures of k6", _HINT)
    return _summary(json_of("".join(rest), name), name)


def _of_json(text: Iterator[str]) -> Iterator[Point]:
    for line in text:
        try:
            point = json.loads(line)
            data = point["data"]
            if point["type"] == "Point":
                at_s = time_of(data["time"])
                if at_s is not None:
                    yield point["metric"], at_s, float(data["value"]), _tags(data.get("tags"))
        except (ValueError, KeyError, TypeError, RecursionError):
            continue  # a torn line at the end of a run that was killed


def _tags(given: Any) -> Mapping[str, Any]:
    return given if isinstance(given, dict) else {}


def _of_csv(text: Iterator[str], name: str) -> Iterator[Point]:
    try:
        for row in csv.DictReader(text):
            at_s = time_of(row.get("timestamp") or "")
            try:
                value = float(row.get("metric_value") or "")
            except ValueError:
                continue
            if at_s is not None:
                yield row.get("metric_name") or "", at_s, value, row
    except csv.Error as error:
        raise bad_recording(f"{name}: is not CSV: {error}", _HINT) from error


def _stream(points: Iterator[Point], name: str) -> Recorded:
    seconds, kinds, took = Seconds(), Kinds(), Distribution()
    users = failed = 0.0
    for metric, at_s, value, tags in points:
        if not 0 <= value < _MOST:
            continue
        if metric == "http_req_duration":
            took.add(value / 1000)
            seconds.add(at_s, value / 1000)
            request = str(tags.get("name") or tags.get("url") or "")
            path = figures.path_of(request) or request
            kinds.add((str(tags.get("method") or "GET").lower(), pattern(path)), path)
        elif metric == "vus":
            users = max(users, value)
        elif metric == "http_req_failed":
            failed += value
    if not took.count:
        raise bad_recording(f"{name}: tells of no request over HTTP", _HINT)
    counted = [
        (method, seen.paths.most_common(1)[0][0], seen.count)
        for (method, _), seen in frequent(kinds)
    ]
    notes = [
        f"{took.count:,} requests in {seconds.seconds:,.0f} s, {failed / took.count:.2%} failed",
        *_users(users),
        *rarer(kinds),
    ]
    return Recorded(
        tuple(figures.journeys(counted)),
        f"k6 figures {name}, {utc(seconds.first_s)} to {utc(seconds.last_s)} UTC",
        peak_hz=seconds.peak_hz,
        steady_hz=seconds.steady_hz,
        notes=tuple(notes),
        seconds=seconds.seconds,
        concurrency=seconds.most_at_once(),
        p99_s=took.percentile(0.99),
    )


def _users(users: float) -> Iterator[str]:
    if users:
        yield f"{users:,.0f} users at most; the concurrency is the requests under way at once"


def _summary(document: Any, name: str) -> Recorded:
    """What k6 says at the end; it has no mix, and no address."""
    metrics = document.get("metrics") if isinstance(document, dict) else None
    if not isinstance(metrics, dict):
        raise bad_recording(f"{name}: holds no figures of k6", _HINT)

    def figure(metric: str, *names: str) -> float | None:
        found = metrics.get(metric)
        found = found.get("values", found) if isinstance(found, dict) else {}
        for each in names:
            value = found.get(each) if isinstance(found, dict) else None
            if isinstance(value, int | float) and 0 <= value < _MOST:
                return float(value)
        return None

    rate, count = figure("http_reqs", "rate"), figure("http_reqs", "count")
    if not rate or not count:
        raise bad_recording(f"{name}: tells of no request over HTTP", _HINT)
    users = figure("vus_max", "max", "value") or figure("vus", "max", "value")
    p99_ms = figure("http_req_duration", "p(99)")
    notes = [
        f"{count:,.0f} requests in {count / rate:,.0f} s",
        "a summary has no mix and no peak: the rate is the mean; --out json=FILE has both",
        *_users(users or 0.0),
    ]
    return Recorded(
        tuple(figures.journeys([("get", "all requests", round(count))])),
        f"k6 summary {name}",
        peak_hz=rate,
        steady_hz=rate,
        notes=tuple(notes),
        seconds=count / rate,
        concurrency=_at_once(rate, figure, users),
        p99_s=None if p99_ms is None else p99_ms / 1000,
    )


def _at_once(rate: float, figure: Callable[..., float | None], users: float | None) -> int | None:
    """Requests under way in the mean (Little's law), or else the users."""
    mean_ms = figure("http_req_duration", "avg")
    if mean_ms is not None:
        return max(1, math.ceil(rate * mean_ms / 1000))
    return max(1, int(users)) if users else None
