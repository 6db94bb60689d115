"""Many patterns at once say what each says alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfstress.commits.patterns import Patterns, matcher

WORDS = st.sampled_from(["a", "b", "service", "a.py", "ab", "*", "**", "*.py", "?", "[ab]"])
PATTERNS = st.lists(WORDS, min_size=1, max_size=4).map("/".join)
PATHS = st.lists(st.sampled_from(["a", "b", "service", "a.py", "ab"]), min_size=1, max_size=4)


@given(patterns=st.lists(PATTERNS, max_size=6), path=PATHS.map("/".join))
def test_a_path_fits_those_that_it_would_fit_alone(patterns: list[str], path: str) -> None:
    many = Patterns(patterns)
    seen = {many.all[number] for number in many.fitting(path)}
    assert seen == {pattern for pattern in patterns if matcher([pattern]).fullmatch(path)}


@pytest.mark.parametrize(
    ("pattern", "reaches"),
    [
        ("libs/engine/**", True),
        ("libs/engine", True),
        ("libs/engine/src/a.py", True),
        ("libs/*/src/a.py", True),
        ("libs", True),
        ("**/a.py", True),
        ("libs/other/**", False),
        ("services/**", False),
    ],
)
def test_what_may_lie_in_a_submodule(pattern: str, reaches: bool) -> None:
    assert bool(Patterns([pattern]).inside("libs/engine")) is reaches
