"""JSON in a stream gives what JSON read whole gives, wherever the window ends."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfstress.errors import UsageError
from perfstress.importers import streamed

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


def read(text: str, path: tuple[str, ...] = ("log", "entries")) -> list[tuple[Any, Any]]:
    return list(streamed.elements(io.BytesIO(text.encode()), path, "a.har"))


@given(VALUES, st.lists(VALUES, max_size=5), st.integers(1, 40), st.sampled_from([None, 1]))
def test_all_is_found_wherever_the_window_ends(
    beside: Any, entries: list[Any], chunk: int, indent: int | None
) -> None:
    log = {"before": beside, "entries": entries, "after": beside}
    text = json.dumps({"log": log, "more": beside}, indent=indent, ensure_ascii=False)
    known = streamed.CHUNK
    streamed.CHUNK = chunk
    try:
        found = read(text)
    finally:
        streamed.CHUNK = known
    assert [value for at, value in found if at == ("log", "entries")] == entries
    rest = [(at, value) for at, value in found if at != ("log", "entries")]
    assert rest == [(("log", "before"), beside), (("log", "after"), beside), (("more",), beside)]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "ends in the middle"),
        ("[]", "does not begin with {"),
        ('{"log": {"entries": [{"a": 1}, {"b": "', "ends in the middle"),
        ('{"log": {"entries": [{"a": 1}', "ends in the middle"),
        ('{"log": {"entries": []}', "ends in the middle"),
        ('{"log": {"entries": [{"a" 1}]}}' + " " * 200, "is not JSON: Expecting ':' delimiter"),
        ('{"log": {"entries": [1 2]}}', "lacks a comma or a ], at character 25"),
        ('{"log" {}}', "lacks a colon"),
        ('{1: 2}', "has a key that is not text"),
        ('{"log": {}} x', "goes on behind its end"),
        ('{"log": {"entries": [' + "[" * 200_000, "nested too deep"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(text: str, says: str) -> None:
    with pytest.raises(UsageError) as raised:
        read(text)
    assert says in raised.value.message
    assert raised.value.slug == "bad-recording"


def test_what_is_not_utf8_is_told() -> None:
    with pytest.raises(UsageError, match="byte 13 is not UTF-8"):
        list(streamed.elements(io.BytesIO(b'{"log": {"a":\xff'[1:]), ("log",), "a.har"))
    with pytest.raises(UsageError, match="byte 14 is not UTF-8"):
        list(streamed.elements(io.BytesIO(b'{"log": {"a":\xff'), ("log",), "a.har"))
