"""The grammar of ``success``: what is taken, and where and how everything else is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfstress.criteria import Criterion, criteria_of, parse_criterion
from perfstress.tokens import OPERATORS, CriterionError, compare
from perfstress.vocabulary import RESOURCES, STATISTICS, TIMES


@pytest.mark.parametrize(
    ("text", "metric", "operator", "value", "unit"),
    [
        ("errors.rate < 0.1%", ("errors", "rate"), "<", 0.001, "share"),
        ("errors.rate<=0.001", ("errors", "rate"), "<=", 0.001, "share"),
        ("errors.count == 0", ("errors", "count"), "==", 0, "count"),
        ("errors.timeout == 0", ("errors", "timeout"), "==", 0, "count"),
        ("errors.timeout < 1%", ("errors", "timeout"), "<", 0.01, "share"),
        ("response.p99 < 500ms", ("response", "p99"), "<", 0.5, "seconds"),
        ("service.p99.9 < 1m30s", ("service", "p99.9"), "<", 90, "seconds"),
        ("rate >= 300/s", ("rate",), ">=", 300, "hz"),
        ("rate >= 2M/day", ("rate",), ">=", 2e6 / 86_400, "hz"),
        ("ops.count >= 1_000", ("ops", "count"), ">=", 1000, "count"),
        ("memory.max < 64MiB", ("memory", "max"), "<", 2**26, "bytes"),
        ("fds.max < 100", ("fds", "max"), "<", 100, "count"),
        ("memory.growth < 64B per op", ("memory", "growth"), "<", 64, "bytes/op"),
        ("memory.growth < 0.5B per op", ("memory", "growth"), "<", 0.5, "bytes/op"),
        ("fds.growth <= 0.001 per op", ("fds", "growth"), "<=", 0.001, "count/op"),
        ("fds.growth == none", ("fds", "growth"), "==", None, "none"),
        ("growth == none", ("growth",), "==", None, "none"),
        ("drift == none", ("drift",), "==", None, "none"),
        ('gauge("q{a=\\"1.2\\"}").max < 5', ('gauge:q{a="1.2"}', "max"), "<", 5, "count"),
        ("gauge('q').growth == none", ("gauge:q", "growth"), "==", None, "none"),
    ],
)
def test_a_criterion_is_read(text, metric, operator, value, unit):
    found = parse_criterion(text)
    assert (found.metric, found.operator, found.unit) == (metric, operator, unit)
    assert found.value == pytest.approx(value) if value is not None else found.value is None
    assert found.text == text


@pytest.mark.parametrize(
    ("text", "of", "during", "after"),
    [
        ("response.p99 < 1s of buy", "buy", None, None),
        ("response.p99 < 1s of buy.checkout during spike", "buy.checkout", "spike", None),
        ('response.p99 < 1s during spike of buy."POST /login"', "buy.POST /login", "spike", None),
        ("recovery < 30s after spike", None, None, "spike"),
        ("memory.max < 1GiB during warm-up", None, "warm-up", None),
        ("errors.rate == 0 after 2nd", None, None, "2nd"),
    ],
)
def test_suffixes_narrow_a_criterion(text, of, during, after):
    found = parse_criterion(text)
    assert (found.of, found.during, found.after) == (of, during, after)


@pytest.mark.parametrize(
    ("text", "column", "says", "hint"),
    [
        ("", 0, "empty", "response.p99"),
        ("respnse.p99 < 1s", 0, "not a metric", "response.p99"),
        ("response.p98 < 1s", 0, "not a metric", "response.p99"),
        ("memory < 64MiB", 0, "not a metric", "memory.max"),
        ("queries.per_op <= 6", 0, "not in this version", "errors"),
        ("errors.rate = 0", 12, "'='", "=="),
        ("errors.rate != 0", 12, "'!'", "=="),
        ("response.p99 500ms", 13, "operator", "<"),
        ("response.p99 < 500", 15, "not a duration", "500ms"),
        ("response.p99 < none", 15, "number", "duration"),
        ("response.p99 <", 14, "value", "duration"),
        ("errors.rate < 5x", 14, "5x", "0.1%"),
        ("growth < 3", 7, "==", "none"),
        ("growth == 3", 10, "none", "growth == none"),
        ("fds.growth < none", 11, "==", "none"),
        ("fds.growth == 0", 14, "none", "per op"),
        ("memory.growth < 64B", 19, "per op", "per op"),
        ("memory.growth < 64B per request", 24, "per op", "per op"),
        ("recovery < 30s", 14, "which stage", "after"),
        ("recovery > 30s after spike", 9, "<", "recovery"),
        ("recovery < 30s during spike", 15, "narrowed", ""),
        ("growth == none of buy", 15, "narrowed", ""),
        ("response.p99 < 1s durin spike", 18, "durin", "during"),
        ("response.p99 < 1s during", 24, "stage", ""),
        ("response.p99 < 1s of a of b", 23, "twice", ""),
        ('gauge("q" < 3', 10, "bracket", ""),
        ('gauge("q") < 3', 11, ".max", "growth"),
        ('gauge("q).max < 3', 6, "never closed", ""),
        ("rate.p99 > 3/s", 0, "stands alone", "rate"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text, column, says, hint):
    with pytest.raises(CriterionError) as caught:
        parse_criterion(text)
    assert caught.value.column == column
    assert says in caught.value.message
    assert hint in caught.value.hint


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_with_a_place_inside_it(text):
    column = 0
    try:
        assert isinstance(parse_criterion(text), Criterion)
    except CriterionError as error:
        column = error.column
    assert 0 <= column <= len(text)


METRICS = [
    *(f"{time}.{statistic} {{}} 5ms" for time in TIMES for statistic in STATISTICS),
    *(f"{name}.growth < 7{'B' if name in ('memory', 'disk') else ''} per op" for name in RESOURCES),
]


@given(st.sampled_from(METRICS), st.sampled_from(OPERATORS), st.integers(0, 4))
def test_blanks_do_not_matter(text, operator, blanks):
    text = text.format(operator)
    wide = text.replace(" ", " " * (blanks + 1))
    one, other = parse_criterion(text), parse_criterion(wide)
    assert (one.metric, one.operator, one.value) == (other.metric, other.operator, other.value)


@given(st.floats(0, 1e9), st.floats(0, 1e9))
def test_exactly_one_of_less_equal_and_more_holds(left, right):
    assert sum(compare(left, operator, right) for operator in ("<", "==", ">")) == 1
    assert compare(left, "<=", right) == (not compare(left, ">", right))


def test_a_criterion_with_none_has_nothing_to_hold():
    with pytest.raises(ValueError, match="none"):
        parse_criterion("growth == none").holds(0.0)
    assert parse_criterion("errors.rate < 1%").holds(0.001)


def test_criteria_keep_their_places_among_invariants():
    lines = ["errors.count == 0", {"invariant": {}}, "growth == none"]
    assert [place for place, _ in criteria_of(lines)] == [0, 2]
