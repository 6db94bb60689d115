"""The relations of an invariant: read as sums, and refused with the place of what is wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfstress.relations import names_of, parse_relation
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
