"""Recordings with any values in wrong places: a draft, or one error; never anything else."""

from __future__ import annotations

import io
import json
import random
from typing import Any

import pytest

from perfstress import yamlio
from perfstress.errors import UsageError
from perfstress.importers import IMPORTERS
from perfstress.importers.finishing import finished
from tests.importers import samples

JUNK: list[Any] = [
    None, 5, -1, 1.5, True, "", "x", [], {}, [5], {"a": 5}, "{{", "${", "http://[", "\ud800",
    "9" * 400, [None], {"$ref": 5}, 1e308, 10**30, "2026-13-01",
]  # fmt: skip
HIT = {
    "ts": 1764324000, "request": {"method": "GET", "uri": "/a", "host": "x"}, "duration": 0.1,
    "bytes_read": 3, "status": 200, "time": "x", "msec": "1764324000.5", "request_time": "0.1",
}  # fmt: skip
DOCUMENTS = {
    "har": json.loads(samples.HAR),
    "postman": json.loads(samples.POSTMAN),
    "openapi": yamlio.foreign(samples.OPENAPI),
    "k6": json.loads(samples.K6_SUMMARY),
    "access-log": HIT,
}


def damaged(value: Any, chance: random.Random, share: float) -> Any:
    if chance.random() < share:
        return chance.choice(JUNK)
    if isinstance(value, dict):
        kept = {key: each for key, each in value.items() if chance.random() > share / 2}
        return {key: damaged(each, chance, share) for key, each in kept.items()}
    if isinstance(value, list):
        return [damaged(each, chance, share) for each in value if chance.random() > share / 2]
    return value


def read_or_refused(source: str, text: str) -> bool:
    data = text.encode("utf-8", "surrogatepass")
    try:
        recorded = finished(IMPORTERS[source](io.BytesIO(data), "file"))
    except UsageError as error:
        return error.slug == "bad-recording"
    return bool(recorded.journeys and all(journey.steps for journey in recorded.journeys))


@pytest.mark.parametrize("source", sorted(DOCUMENTS))
def test_any_value_in_a_wrong_place(source: str) -> None:
    chance = random.Random(7)
    for _ in range(100):
        assert read_or_refused(source, json.dumps(damaged(DOCUMENTS[source], chance, 0.06)))


@pytest.mark.parametrize(("source", "text"), samples.SAMPLES)
def test_any_character_in_a_wrong_place(source: str, text: str) -> None:
    chance = random.Random(7)
    for _ in range(50):
        letters = list(text)
        for _ in range(chance.randrange(1, 12)):
            at = chance.randrange(len(letters))
            letters[at] = chance.choice(["", "\0", '"', "{", "}", ",", "\n", "é", "9", ":", "["])
        assert read_or_refused(source, "".join(letters))
