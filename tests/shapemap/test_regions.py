"""The regions of a map: what counts as visited, and which gap comes first."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from perfstress.shapemap.orderings import ORDERINGS
from perfstress.shapemap.positions import DIMENSIONS, Shares
from perfstress.shapemap.regions import CORNERS, Region, gaps_of, regions_of, states_of
from perfstress.shapemap.targets import Mapped, Stressed, gathered
from tests.shapemap.made import http, made, mapped

FULL = [{"name": "work", "users": 4, "ops": 100_000}]


def one_target(*examples: Mapped) -> Stressed:
    (target,) = gathered(examples)
    return target


def empty(target: Stressed) -> list[Region]:
    return [region for region, state in states_of(target).items() if state == "empty"]


def test_an_example_that_reaches_nothing_leaves_everything_empty() -> None:
    target = one_target(mapped(made("one"), visited=True))
    states = states_of(target)
    assert set(states.values()) == {"empty"}
    assert len(states) == 7 * 2, "every corner, in any order and in bursts"


def test_what_is_only_drafted_is_not_visited() -> None:
    whole = made("one", shape__stages=FULL, workload__calls__size={"items": 100})
    states = states_of(one_target(mapped(whole)))
    assert {region.ordering for region, state in states.items() if state == "drafted"} == {"any"}
    states = states_of(one_target(mapped(whole, visited=True)))
    assert [state for region, state in states.items() if region.ordering == "any"] == [
        "visited"
    ] * 7


def test_two_examples_do_not_reach_together_what_one_has_to() -> None:
    long = made("long", shape__stages=[{"name": "work", "users": 1, "ops": 100_000}])
    wide = made("wide", shape__stages=[{"name": "work", "users": 4, "ops": 10}])
    states = states_of(one_target(mapped(long, visited=True), mapped(wide, visited=True)))
    assert states[Region(("duration",), "any")] == "visited"
    assert states[Region(("load",), "any")] == "visited"
    assert states[Region(("duration", "load"), "any")] == "empty"


def test_a_run_is_where_it_was_and_not_where_it_was_meant_to_be() -> None:
    planned = made("one", shape__stages=[{"name": "work", "users": 4, "for": "10s"}])
    short = one_target(mapped(planned, visited=True, done=10))
    assert states_of(short)[Region(("duration",), "any")] == "empty"
    long = one_target(mapped(planned, visited=True, done=10_000))
    assert states_of(long)[Region(("duration",), "any")] == "visited"


def test_each_named_size_is_a_region_of_its_own() -> None:
    both = {"items": 100, "lines": 10}
    one = made("one", production__size=both, workload__calls__size={"items": 100})
    states = states_of(one_target(mapped(one, visited=True)))
    assert states[Region(("size",), "any", "items")] == "visited"
    assert states[Region(("size",), "any", "lines")] == "empty"


def test_without_a_size_there_is_no_such_dimension() -> None:
    target = one_target(mapped(made("one", production__size={}, workload={"calls": {}})))
    assert all("size" not in region.corner for region in regions_of(target))


def test_gaps_are_those_next_to_what_is_known() -> None:
    target = one_target(mapped(made("one"), visited=True))
    gaps = gaps_of(target, states_of(target))
    assert {gap.region for gap in gaps} == {
        Region(("size",), "any", "items"),
        Region(("duration",), "any"),
        Region(("load",), "any"),
    }
    assert gaps[0].region.corner == ("duration",), "most classes live there"


def test_what_is_hunted_or_was_caught_comes_first() -> None:
    def first(hunts: list[str], caught: tuple[str, ...] = ()) -> tuple[str, ...]:
        target = one_target(mapped(made("one", hunts=hunts), visited=True))
        return gaps_of(target, states_of(target), caught)[0].region.corner

    assert first([]) == ("duration",)
    wanted = ["size-boundary", "superlinear-cost", "work-amplification", "crash"]
    assert first(wanted, tuple(wanted)) == ("size",)


def test_targets_are_told_apart_by_what_is_called_and_where() -> None:
    names = {
        target.name
        for target in gathered(
            [
                mapped(made("a")),
                mapped(made("b", target={"python": {"call": "app:op"}, "cwd": "x/left"})),
                mapped(made("c", target={"python": {"call": "app:op"}, "cwd": "x/right"})),
                mapped(http("d")),
                mapped(made("e", target={"attach": {"port": 8080}})),
            ]
        )
    }
    assert names == {
        "pricing:op",
        "app:op in left",
        "app:op in right",
        "python -m shop",
        "port 8080",
    }


# ---------------------------------------------------------------- laws
share = st.one_of(st.none(), st.floats(1e-6, 1e3))
positions = st.builds(
    Shares,
    st.fixed_dictionaries({"items": share}),
    share,
    share,
    st.sets(st.sampled_from(ORDERINGS)).map(lambda found: frozenset({"any", *found})),
)
every_region = [Region(corner, ordering, "items") for corner in CORNERS for ordering in ORDERINGS]


@given(positions)
def test_who_visits_a_region_visits_every_one_that_asks_for_less(shares: Shares) -> None:
    for region in every_region:
        if region.holds(shares):
            assert all(smaller.holds(shares) for smaller in region.smaller)


@given(positions, st.floats(1.0, 100.0))
def test_going_farther_never_leaves_a_region(shares: Shares, factor: float) -> None:
    def times(value: float | None) -> float | None:
        return None if value is None else value * factor

    farther = Shares(
        {name: times(value) for name, value in shares.sizes.items()},
        times(shares.duration),
        times(shares.load),
        shares.orderings,
    )
    assert all(region.holds(farther) for region in every_region if region.holds(shares))


@given(positions)
def test_what_is_not_known_is_never_visited(shares: Shares) -> None:
    for region in every_region:
        if region.holds(shares):
            assert all(shares.of(one, region.size) is not None for one in region.corner)


def test_every_corner_has_classes_of_its_own() -> None:
    assert {dimension for corner in CORNERS for dimension in corner} == set(DIMENSIONS)
    assert all(region.classes for region in every_region)
