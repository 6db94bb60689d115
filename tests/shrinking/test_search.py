"""The search for a smaller shape, asked about shapes of which everything is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfstress.shrinking import Found, Search, Step
from perfstress.shrinking.shapes import _subsets

Shape = tuple[frozenset[int], int]  # what is in it, and how much of it is done


def fewer(shape: Shape) -> Iterator[Step[Shape]]:
    for kept in _subsets(sorted(shape[0])):
        yield Step(f"only {kept}", (frozenset(kept), shape[1]))


def less(shape: Shape) -> Iterator[Step[Shape]]:
    for factor in (16, 4, 2):
        if shape[1] // factor >= 1:
            yield Step(f"1/{factor}", (shape[0], shape[1] // factor))


PASSES = (fewer, less)
STARTS = st.tuples(st.frozensets(st.integers(0, 15), min_size=1), st.integers(1, 4096))


def answers(seed: int) -> Callable[[Step[Shape]], bool | None]:
    """An answer for every shape, always the same, that follows no law: yes, no, cannot tell."""
    return lambda step: (True, False, None)[
        hash((seed, tuple(sorted(step.shape[0])), step.shape[1])) % 3
    ]


def is_smaller(one: Shape, other: Shape) -> bool:
    return one[0] <= other[0] and one[1] <= other[1]


@given(STARTS, st.data())
def test_what_is_needed_is_what_is_left(start: Shape, data: st.DataObject) -> None:
    needed = data.draw(st.frozensets(st.sampled_from(sorted(start[0])), min_size=1))
    least = data.draw(st.integers(1, start[1]))

    def shows(step: Step[Shape]) -> bool:
        return needed <= step.shape[0] and step.shape[1] >= least

    found = Search(shows, shows).run(Found(start), PASSES)
    assert found.minimal
    assert found.shape[0] == needed
    assert least <= found.shape[1] <= start[1]
    assert found.shape[1] // 2 < least


@given(STARTS, st.integers(), st.integers())
def test_no_further_step_shows_it(start: Shape, seed: int, other: int) -> None:
    shows, confirms = answers(seed), answers(other)
    found = Search(shows, confirms).run(Found(start), PASSES)
    assert found.minimal
    assert is_smaller(found.shape, start)
    for offers in PASSES:
        assert not [
            step for step in offers(found.shape) if shows(step) is True and confirms(step) is True
        ]


@given(STARTS, st.integers(), st.integers())
def test_only_what_was_shown_and_confirmed_is_taken(start: Shape, seed: int, other: int) -> None:
    seen: list[Shape] = []
    shows, confirms = answers(seed), answers(other)

    def noted(step: Step[Shape]) -> bool | None:
        seen.append(step.shape)
        return shows(step)

    found = Search(noted, confirms).run(Found(start), PASSES)
    assert len(seen) == len(set(seen)), "a shape is tried once"
    if found.steps:
        assert shows(Step("", found.shape)) is True
        assert confirms(Step("", found.shape)) is True
    else:
        assert found.shape == start


@given(STARTS, st.integers(), st.integers(0, 12))
def test_no_try_is_begun_beyond_the_budget(start: Shape, seed: int, budget: int) -> None:
    tries = 0

    def shows(step: Step[Shape]) -> bool | None:
        nonlocal tries
        tries += 1
        return answers(seed)(step)

    search = Search(shows, lambda step: True, lambda: tries < budget)
    found = search.run(Found(start), PASSES)
    assert tries <= budget
    assert found.minimal is not search.ended
    assert is_smaller(found.shape, start)


def test_the_best_so_far_is_there_when_it_is_interrupted() -> None:
    start: Shape = (frozenset({1, 2, 3, 4}), 64)
    found = Found(start)

    def shows(step: Step[Shape]) -> bool:
        if step.shape[1] < 64:
            raise KeyboardInterrupt
        return 3 in step.shape[0]

    with pytest.raises(KeyboardInterrupt):
        Search(shows, lambda step: True).run(found, PASSES)
    assert found.shape == (frozenset({3}), 64)
    assert found.steps == ["only [3, 4]", "only [3]"]
    assert not found.minimal


@given(st.integers(1, 24), st.integers(0, 2))
def test_parts_hold_every_one_alone_and_all_but_every_one(count: int, least: int) -> None:
    every = list(range(count))
    parts = [tuple(part) for part in _subsets(every, least)]
    assert len(parts) == len(set(parts))
    assert all(least <= len(part) < count and list(part) == sorted(part) for part in parts)
    wanted = set(combinations(every, count - 1)) if count - 1 >= max(least, 1) else set()
    assert wanted <= set(parts)
    if least == 0:
        assert parts[0] == ()
