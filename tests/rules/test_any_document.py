"""Whatever one puts anywhere into a sound example, linting says something or nothing, and never
raises.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfstress import loading, rules
from perfstress.scalars import scalar
from tests.broken.corpus import CALLS, HTTP, RUNS, SQL, TCP, WRAP, WS, Broken, write

TEXTS = """
x|0/s|1/s|0s|1d|{{|{{ carts.user }}|{{ token }}|${|${env:|{input}|/|a b|none|[|(|*|length(@)|../x
${env:A:-http://127.0.0.1:{port}}|http://[|http://a:b@c:99999999/|call|idle|TODO|1e400|2e6|é
ws://127.0.0.1:{port}|wss://[|postgresql://a:b@[/x|sqlite:///|127.0.0.1:99999999|:1|16 0|begin
errors.rate < 1%|recovery < 1s after x|gauge("x").max < 1|response.p99 < 1s of a.b
"""
WORDS = st.sampled_from(["", *TEXTS.strip().replace("\n", "|").split("|")])
VALUES = (
    WORDS
    | st.integers(-1, 10)
    | st.floats(-1, 10)
    | st.booleans()
    | st.none()
    | st.lists(WORDS, max_size=2)
    | st.dictionaries(WORDS, WORDS, max_size=2)
)


def places(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [place] if place else []
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in items:
            found += places(inner, (*place, key))
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("any")


BASES = {"http": HTTP, "calls": CALLS, "runs": RUNS, "tcp": TCP, "sql": SQL, "ws": WS, "wrap": WRAP}


@pytest.mark.parametrize("base", BASES.values(), ids=BASES.keys())
@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_no_edit_makes_it_raise(base: str, folder: Path, data: st.DataObject) -> None:
    path, _ = write(Broken("sound", "", "perfstress: 1", "¦perfstress: 1", base), folder)
    document = copy.deepcopy(dict(loading.load(path).document))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.sampled_from(places(document)))
        at: Any = document
        for step in place[:-1]:
            at = at[step]
        if data.draw(st.booleans()):
            at[place[-1]] = data.draw(VALUES)
        elif isinstance(at, dict):
            del at[place[-1]]
        if not document:
            return
    path.write_text(json.dumps(document), encoding="utf-8")
    loaded, problems = loading.check(path)
    if loaded is not None:
        problems = rules.check(loaded, folder)
    for problem in problems:
        assert problem.message
        assert problem.slug
        assert problem.line >= 1
        assert "Input should" not in str(problem)


@given(st.dictionaries(st.text(max_size=12), st.text(max_size=8), max_size=2))
@settings(max_examples=60)
def test_no_override_makes_it_raise(folder: Path, overrides: dict[str, str]) -> None:
    path, _ = write(Broken("sound", "", "perfstress: 1", "¦perfstress: 1", HTTP), folder)
    loaded, problems = loading.check(path, overrides)
    assert (loaded is None) == bool(problems)


@given(st.text(alphabet="0123456789+-.eExXoO_:", max_size=50))
def test_no_scalar_makes_it_raise(text: str) -> None:
    scalar(text)
