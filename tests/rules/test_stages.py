"""Bounds of the shape that the schema cannot say."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfstress import loading
from perfstress.errors import ExampleError
from perfstress.rules import check
from tests.broken.corpus import HTTP, Broken, write


@pytest.mark.parametrize("place", ["shape.seed", "workload.http.data.carts.seed"])
def test_a_seed_below_zero_is_refused(place: str, tmp_path: Path) -> None:
    [file] = write(Broken("sound", "", "perfstress: 1", "¦perfstress: 1", HTTP), tmp_path)[:1]
    sound = loading.load(file, {place: "0"})
    assert "out-of-range" not in {problem.slug for problem in check(sound, tmp_path)}
    broken = loading.load(file, {place: "-1"})
    [problem] = [one for one in check(broken, tmp_path) if one.slug == "out-of-range"]
    assert problem.message == f"{place}: -1 is below zero"


@pytest.mark.parametrize(
    ("place", "value", "slug"),
    [
        ("production.horizon", "99999999999999d", "bad-duration"),
        ("production.horizon", "1e400s", "bad-duration"),
        ("target.limits.memory", "1e400GiB", "bad-size"),
        ("production.rate", "1e400/s", "bad-rate"),
    ],
)
def test_a_quantity_that_nothing_can_hold_is_refused(
    place: str, value: str, slug: str, tmp_path: Path
) -> None:
    file = write(Broken("sound", "", "perfstress: 1", "¦perfstress: 1", HTTP), tmp_path)[0]
    with pytest.raises(ExampleError) as raised:
        loading.load(file, {place: value})
    assert [problem.slug for problem in raised.value.problems] == [slug]
