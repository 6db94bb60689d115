"""Scalars by the core schema of YAML 1.2: each is read as what it is, and comes back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfstress.scalars import scalar


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"),
        ("yes", "yes"),
        ("Off", "Off"),
        ("true", True),
        ("FALSE", False),
        ("017", 17),
        ("0o17", 15),
        ("0x1F", 31),
        ("1e3", 1000.0),
        ("1_000", "1_000"),
        ("1:30", "1:30"),
        ("2026-11-20", "2026-11-20"),
        ("~", None),
        ("", None),
        ("null", None),
        (".5", 0.5),
        ("-7", -7),
        ("+7", 7),
        ("1.", 1.0),
        ("=", "="),
        ("0b11", "0b11"),
        ("-", "-"),
        (".", "."),
    ],
)
def test_scalars_follow_the_core_schema(text: str, value: object) -> None:
    read = scalar(text)
    assert read == value
    assert type(read) is type(value)


@given(st.integers(-(10**18), 10**18))
def test_whole_numbers_come_back(number: int) -> None:
    assert scalar(str(number)) == number


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_come_back(number: float) -> None:
    assert scalar(repr(number)) == number
