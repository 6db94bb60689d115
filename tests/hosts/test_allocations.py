"""Allocations in a stretch of the run: what is held at its end, by line, and the tracing's end."""

from __future__ import annotations

import importlib
import tracemalloc
from collections.abc import Iterator
from types import ModuleType

import pytest

kept: list[bytes] = []


@pytest.fixture
def allocations() -> Iterator[ModuleType]:
    """The host's module; whatever happens, no later test is traced."""
    kept.clear()
    yield importlib.import_module("perfstress.hosts.python_host.allocations")
    tracemalloc.stop()


def leak() -> None:
    kept.extend(bytes(1000 + number % 7) for number in range(500))


def test_what_the_second_stretch_holds_is_told_once_by_its_line(allocations: ModuleType) -> None:
    traced = allocations.Allocations()
    assert traced.tell() is None  # before any call
    assert not tracemalloc.is_tracing()
    leak()
    assert traced.tell() is None
    assert tracemalloc.is_tracing()
    leak()
    (site, *_) = traced.tell()["sites"]
    assert not tracemalloc.is_tracing()
    assert site["where"].startswith("test_allocations.py:")
    assert "bytes(1000" in site["code"]
    assert 500 <= site["count"] <= 510
    assert 500_000 < site["bytes"] < 600_000
    assert traced.tell() is None


def test_tracing_ends_when_it_has_lasted_long_enough(
    allocations: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(allocations, "LONGEST_NS", 0)
    traced = allocations.Allocations()
    traced.tell()
    traced.look()
    assert not tracemalloc.is_tracing()
    traced.tell()
    leak()
    traced.look()
    assert not tracemalloc.is_tracing()
    leak()  # not traced any more
    (site, *_) = traced.tell()["sites"]
    assert site["count"] <= 510
