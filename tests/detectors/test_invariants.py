"""Invariants: held, broken and by how much, or open; before, during and after the load."""

from __future__ import annotations

from dataclasses import replace

import pytest

from perfstress.detectors.invariants import detect
from perfstress.example import Invariant, InvariantCriterion
from perfstress.measurement import Event
from tests.support.made_runs import soaked, with_, with_events

LOST = InvariantCriterion(invariant=Invariant(get="/stats", that="orders + declined == ok.buy"))


@pytest.fixture(scope="module")
def erring(tmp_path_factory):
    return soaked(tmp_path_factory.mktemp("erring") / "run")


def asked(run, answer, counts=None, problem=""):
    facts = {"get": "/stats", "that": LOST.invariant.that, "answer": answer, "problem": problem}
    event = Event(200.0, "invariant", {**facts, "counts": counts or {"ok.buy": 100}})
    return detect(with_events(with_(run, success=["errors.rate < 99%", LOST]), event))


def test_an_invariant_that_holds(erring):
    found = asked(erring, {"orders": 90, "declined": 10})
    assert found.findings == ()
    assert found.checks[1].outcome.value == "PASS"
    assert "orders 90, declined 10, ok.buy 100" in found.checks[1].seen


def test_an_invariant_that_does_not_hold_is_a_loss(erring):
    found = asked(erring, {"orders": 88, "declined": 10})
    [finding] = found.findings
    assert (finding.kind, finding.label, finding.resource) == ("invariant", "LOST", "/stats")
    assert "2 apart" in finding.summary
    assert found.checks[1].outcome.value == "FAIL"


@pytest.mark.parametrize(
    ("answer", "problem", "says"),
    [
        (None, "refused", "could not be asked: refused"),
        ({"orders": 1}, "", "no number for declined"),
        ({"orders": "many", "declined": 1}, "", "no number for orders"),
        ([1, 2], "", "no number for orders"),
        ({"orders": True, "declined": 1}, "", "no number for orders"),
    ],
)
def test_an_invariant_that_cannot_be_told_is_open(erring, answer, problem, says):
    found = asked(erring, answer, problem=problem)
    assert found.findings == ()
    assert found.checks[1].outcome.value == "INCONCLUSIVE"
    assert says in found.checks[1].seen


def test_an_invariant_that_was_never_asked_is_open(erring):
    check = detect(with_(erring, success=[LOST])).checks[0]
    assert (check.outcome.value, "was not asked" in check.seen) == ("INCONCLUSIVE", True)


def test_names_of_an_invariant_reach_into_the_answer(erring):
    line = InvariantCriterion(invariant=Invariant(get="/s", that="shop.orders >= ok.buy"))
    facts = {"get": "/s", "that": line.invariant.that, "answer": {"shop": {"orders": 100}}}
    event = Event(200.0, "invariant", {**facts, "counts": {"ok.buy": 100}})
    found = detect(with_events(with_(erring, success=[line]), event))
    assert found.checks[0].outcome.value == "PASS"


@pytest.mark.parametrize(
    ("orders", "meaning"),
    [(97, "3 were answered and are not there"), (104, "4 are there that nobody was answered")],
)
def test_what_was_lost_and_what_was_done_twice(erring, orders, meaning):
    line = InvariantCriterion(invariant=Invariant(get="/s", that="orders == ok.buy"))
    facts = {"get": "/s", "that": "orders == ok.buy", "answer": {"orders": orders}}
    event = Event(200.0, "invariant", {**facts, "counts": {"ok.buy": 100}})
    [finding] = detect(with_events(with_(erring, success=[line]), event)).findings
    assert meaning in finding.summary


def with_lost(run, lost):
    """The same run with so many timeouts in one of its seconds."""
    first, *rest = [one for one in run.intervals if one.step is not None]
    return with_(run, intervals=[replace(first, errors={"timeout": lost}), *rest])


@pytest.mark.parametrize(
    ("orders", "outcome"), [(103, "INCONCLUSIVE"), (104, "FAIL"), (99, "FAIL")]
)
def test_what_timed_out_may_have_been_done_all_the_same(erring, orders, outcome):
    line = InvariantCriterion(invariant=Invariant(get="/s", that="orders == ok.buy"))
    facts = {"get": "/s", "that": "orders == ok.buy", "answer": {"orders": orders}}
    event = Event(200.0, "invariant", {**facts, "counts": {"ok.buy": 100, "fired.buy": 103}})
    found = detect(with_events(with_lost(with_(erring, success=[line]), 3), event))
    assert found.checks[0].outcome.value == outcome
    assert (found.findings == ()) is (outcome == "INCONCLUSIVE")
    if outcome == "INCONCLUSIVE":
        assert "3 attempts ended as timeout or reset" in found.checks[0].seen
        assert "a longer timeout, or a lower rate, would tell" in found.checks[0].seen


BOUND = Invariant(
    get="/s", that="orders <= fired.buy and orders >= ok.buy", when=["before", "during", "after"]
)


def event_of(when, orders, t_s=5.0, problem="", **counts):
    base = {f"{kind}.buy": 0 for kind in ("fired", "ok", "errors", "aborted")}
    low = {**base, **{f"{kind}.buy": low for kind, (low, _) in counts.items()}}
    high = {**base, **{f"{kind}.buy": high for kind, (_, high) in counts.items()}}
    facts = {"get": "/s", "that": BOUND.that, "when": when, "counts": low, "problem": problem}
    facts["answer"] = None if problem else {"orders": orders}
    return Event(t_s, "invariant", facts | ({"upto": high} if when == "during" else {}))


QUIET = {"fired": (9, 9), "ok": (9, 9)}


def looked(erring, *events):
    line = InvariantCriterion(invariant=BOUND)
    return detect(with_events(with_(erring, success=[line]), *events))


def test_every_time_that_it_was_asked_counts(erring):
    during = [event_of("during", 7, t_s, fired=(6, 9), ok=(5, 8)) for t_s in (2.0, 4.0, 6.0)]
    found = looked(erring, event_of("before", 0), *during, event_of("after", 9, **QUIET))
    assert found.checks[0].outcome.value == "PASS"
    assert "3 times under load" in found.checks[0].seen


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (event_of("before", 1), "before the load"),
        (event_of("during", 4, fired=(6, 9), ok=(5, 8)), "5 s into the run"),
        (event_of("during", 10, fired=(6, 9), ok=(5, 8)), "fired.buy 6 to 9"),
        (event_of("after", 8, **QUIET), "8 >= 9"),
    ],
)
def test_one_time_that_it_did_not_hold_is_enough(erring, bad, says):
    good = [
        event_of("before", 0),
        event_of("during", 7, fired=(6, 9), ok=(5, 8)),
        event_of("after", 9, **QUIET),
    ]
    found = looked(erring, *good, bad)
    [finding] = found.findings
    assert says in finding.summary
    assert found.checks[0].outcome.value == "FAIL"


def test_a_time_that_was_never_asked_or_answered_leaves_it_open(erring):
    before, after = event_of("before", 0), event_of("after", 9, **QUIET)
    found = looked(erring, before, after)
    assert found.checks[0].outcome.value == "INCONCLUSIVE"
    assert "was not asked during the load" in found.checks[0].seen
    silent = event_of("during", 0, problem="no answer")
    assert "could not be asked" in looked(erring, before, silent, after).checks[0].seen
    answered = event_of("during", 7, 7.0, fired=(6, 9), ok=(5, 8))
    assert looked(erring, before, silent, answered, after).checks[0].outcome.value == "PASS"
