"""The relations of an invariant: read as sums, and refused with the place of what is wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfstress.relations import (
    apart_at_least,
    lookup_under_load,
    names_of,
    parse_invariant,
    parse_relation,
)
from perfstress.tokens import OPERATORS, CriterionError


def test_a_relation_is_two_sums_and_a_comparison():
    relation = parse_relation("orders + declined == ok.buy - 3")
    assert names_of(relation) == {"orders", "declined", "ok.buy"}
    values = {"orders": 7.0, "declined": 2.0, "ok.buy": 12.0}
    assert relation.sides(values.__getitem__) == (9.0, 9.0)


def test_a_relation_may_begin_with_a_minus_and_hold_numbers():
    relation = parse_relation("-a + 1_000 >= b.c")
    assert relation.sides({"a": 1.0, "b.c": 0.0}.__getitem__) == (999.0, 0.0)
    assert relation.operator == ">="


@pytest.mark.parametrize(
    ("text", "column"),
    [
        *[("", 0), ("a", 1), ("a ==", 4), ("a + == b", 4), ("a == b == c", 7), ("a * b == c", 2)],
        *[("a = b", 2), ("a != b", 2), ("a == 'b'", 5), ("a == b c", 7), ("-- a == b", 1)],
        ("a == " + "9" * 400, 5),
    ],
)
def test_what_is_no_relation_is_refused_with_its_place(text, column):
    with pytest.raises(CriterionError) as caught:
        parse_relation(text)
    assert caught.value.column == column


@given(st.lists(st.tuples(st.sampled_from("+-"), st.integers(0, 999)), min_size=1, max_size=6))
def test_a_sum_is_what_python_makes_of_it(terms):
    text = " ".join(f"{sign} {number}" for sign, number in terms).removeprefix("+ ")
    relation = parse_relation(f"{text} == 0")
    assert relation.sides({}.__getitem__)[0] == eval(text)


WORDS = [*OPERATORS, *"+-=!*'", "a", "ok.buy", "a.", "0", "1_000", "1.5", "1e5", "٣", "9" * 5000]


@given(st.one_of(st.text(max_size=40), st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join)))
def test_any_text_is_a_relation_or_refused_with_a_place_inside_it(text):
    column = 0
    try:
        relation = parse_relation(text)
        assert {term.name for term in (*relation.left, *relation.right)} - {None} == names_of(
            relation
        )
    except CriterionError as error:
        column = error.column
    assert 0 <= column <= len(text)


def test_relations_may_be_joined_by_and():
    low, high = parse_invariant("ok.buy <= orders and orders <= fired.buy")
    assert names_of(low) == {"ok.buy", "orders"}
    assert names_of(high) == {"orders", "fired.buy"}
    assert len(parse_invariant("brands == 3")) == 1


def test_what_is_no_relation_behind_and_is_refused_with_its_place():
    with pytest.raises(CriterionError) as caught:
        parse_invariant("a == 1 and b")
    assert caught.value.column == len("a == 1 and b")


STEPS = ("begin", "carry out", "well", "failed", "given up", "look", "answer")


@given(st.lists(st.sampled_from(STEPS), max_size=60))
def test_a_target_that_does_what_it_should_is_never_found_wanting_under_load(steps):
    """Whatever the moment between the two looks at which the target counted its orders."""
    waiting = carried_out = 0
    orders = 0
    counts = {f"{kind}.buy": 0 for kind in ("fired", "ok", "errors", "aborted")}
    before, seen = dict(counts), []
    for step in steps:
        if step == "begin":
            counts["fired.buy"] += 1
            waiting += 1
        elif step == "carry out" and waiting:
            waiting, carried_out, orders = waiting - 1, carried_out + 1, orders + 1
        elif step == "well" and carried_out:
            carried_out -= 1
            counts["ok.buy"] += 1
        elif step in ("failed", "given up") and carried_out:  # its answer was not seen
            carried_out -= 1
            counts["errors.buy" if step == "failed" else "aborted.buy"] += 1
        elif step == "look":
            before, seen = dict(counts), []
        elif step == "answer":
            seen.append(orders)
    for answer in seen:
        bounds_of = lookup_under_load({"orders": answer}, before, counts)
        for that in (
            "orders == ok.buy",
            "orders <= fired.buy and ok.buy <= orders",
            "ok.buy + errors.buy + aborted.buy <= fired.buy",
        ):
            for relation in parse_invariant(that):
                assert apart_at_least(relation, bounds_of) == 0, that


@pytest.mark.parametrize(
    ("that", "missing"),
    [
        ("orders == ok.buy", 3),
        ("orders >= ok.buy", 3),
        ("orders > ok.buy", 3),
        ("orders <= fired.buy", 0),
        ("fired.buy - orders < 4", 1),
        ("orders < 7", 1),
    ],
)
def test_what_is_lost_for_sure_is_seen_under_load(that, missing):
    counts = {"fired.buy": 12, "ok.buy": 10, "errors.buy": 1, "aborted.buy": 0}
    bounds_of = lookup_under_load({"orders": 7}, counts, {**counts, "fired.buy": 14})
    [relation] = parse_invariant(that)
    assert apart_at_least(relation, bounds_of) == missing
