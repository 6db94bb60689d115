"""A text of YAML becomes plain data, or says where it does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfstress import yamlio


@given(st.text(max_size=200))
def test_no_text_makes_it_raise(text: str) -> None:
    yamlio.plain(text)


def test_a_value_knows_where_it_stands() -> None:
    document, reading = yamlio.read('a: {b: [1, "two"]}\n', "x.yaml")
    assert document == {"a": {"b": [1, "two"]}}
    assert reading.problems == []
    at = reading.positions["a", "b", 1]
    assert (at.line, at.column, at.quoted, at.raw) == (1, 12, True, "two")
    assert (reading.positions["a", "b"].key_column, len(reading.positions)) == (5, 5)


def test_a_document_of_others_shares_what_its_aliases_name() -> None:
    read = yamlio.foreign("one: &a {1: on}\ntwo: *a\nloop: &l [*l, 1e3]\n")
    assert read == {"one": {"1": "on"}, "two": {"1": "on"}, "loop": [None, 1000.0]}
    assert read["one"] is read["two"]
    with pytest.raises(ValueError, match=r"is not YAML: .* in line 2"):
        yamlio.foreign("a: [1\nb: 2\n")
    with pytest.raises(ValueError, match="nested"):
        yamlio.foreign("[" * 500)
