"""Documents written as YAML read back as they were."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from perfstress import yamlio
from perfstress.shrinking import written

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted(ROOT.glob("worked_examples/**/*.yaml"))

TEXT = st.text(max_size=40) | st.sampled_from(
    [
        "on",
        "017",
        "1e3",
        "- a",
        "a: b",
        "{{ x }}",
        " a",
        "a ",
        "#",
        "null",
        "~",
        "a #b",
        "1:30",
        "*",
    ]
)
SCALARS = (
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | TEXT
    | st.floats(allow_nan=False, allow_infinity=False)
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(TEXT, VALUES, min_size=1, max_size=5))
def test_what_is_written_reads_back(document: dict[str, Any]) -> None:
    assert yamlio.plain(written(document, "a heading\nof two lines")) == document


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_worked_example_reads_back(path: Path) -> None:
    document = yamlio.plain(path.read_text())
    assert document is not None
    text = written(document)
    assert yamlio.plain(text) == document
    assert max(map(len, text.splitlines())) <= 140
    assert isinstance(yaml.safe_load(text), dict)
