"""What may have been meant by a name that is not there."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from perfstress.spelling import meant, nearest


def test_a_slip_is_recognized_and_a_stranger_is_not() -> None:
    known = ["browse", "buy", "refund"]
    assert nearest("brows", known) == "browse"
    assert meant("by", known) == "did you mean 'buy'?"
    assert nearest("checkout", known) is None
    assert meant("checkout", known) == ""
    assert meant("buy", []) == ""


def test_how_like_it_has_to_be() -> None:
    assert nearest("bxx", ["buy"], like=0.9) is None
    assert nearest("bxx", ["buy"], like=0.3) == "buy"


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=12), st.lists(st.text(max_size=12), max_size=5))
def test_what_is_there_is_nearest_to_itself(name: str, others: list[str]) -> None:
    if name:
        assert nearest(name, [*others, name]) == name
    assert nearest(name, others) in {None, *others}
