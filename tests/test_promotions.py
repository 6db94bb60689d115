"""What sets an example apart from the promoted one of its name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from perfstress import library, promotions
from perfstress.errors import LibraryError
from tests.support.small import DOCUMENT


def text(**changes: Any) -> str:
    document = json.loads(json.dumps(DOCUMENT))
    for path, value in changes.items():
        *folders, name = path.split("__")
        place = document
        for folder in folders:
            place = place[folder]
        place[name] = value
    return yaml.safe_dump(document, sort_keys=False)


def told(older: str, newer: str) -> list[str]:
    return [promotions.sentence(change) for change in promotions.differences(older, newer)]


def test_layout_and_comments_are_no_change() -> None:
    assert told(text(), "# another\n" + json.dumps(DOCUMENT, indent=3)) == []


def test_fields_stages_and_lines_are_told_by_their_names() -> None:
    newer = text(
        title="Another",
        shape__stages=[
            {"name": "all", "rate": "20/s", "for": "1s"},
            {"name": "more", "rate": "5/s", "for": "1s"},
        ],
        success=["errors.count == 0", "response.p99 < 1s"],
        target={"command": ["service", "--quick"]},
    )
    assert told(text(), newer) == [
        "title: A small example -> Another",
        "target.command: new: --quick",
        "shape.stages.all.rate: 10/s -> 20/s",
        "shape.stages.more: new: {'name': 'more', 'rate': '5/s', 'for': '1s'}",
        "success: new: response.p99 < 1s",
    ]


def test_the_order_of_words_and_of_stages_is_a_change() -> None:
    assert told(text(target={"command": ["a", "b"]}), text(target={"command": ["b", "a"]})) == [
        "target.command: ['a', 'b'] -> ['b', 'a']"
    ]
    first, second = ({"name": name, "rate": "1/s", "for": "1s"} for name in ("x", "y"))
    older, newer = text(shape__stages=[first, second]), text(shape__stages=[second, first])
    assert told(older, newer) == ["shape.stages: ['x', 'y'] -> ['y', 'x']"]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["a", "b", "c"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "x", "y"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(VALUES, VALUES)
def test_nothing_is_told_of_what_is_equal_and_something_of_all_else(
    before: Any, after: Any
) -> None:
    found = list(promotions._differing("top", before, after))
    same = json.dumps(_plain(before), sort_keys=True) == json.dumps(_plain(after), sort_keys=True)
    assert (found == []) == same


def _plain(value: Any) -> Any:
    """Without the keys that have no value: they are as good as none."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items() if each is not None}
    return [_plain(each) for each in value] if isinstance(value, list) else value


def promoted(root: Path, example: str, **baseline: Any) -> Path:
    folder = root / library.FOLDER / "small"
    folder.mkdir(parents=True)
    (folder / library.EXAMPLE).write_text(example)
    files = {library.EXAMPLE: library.sha256(folder / library.EXAMPLE)}
    facts = {"schema_version": 1, "name": "small", "files": files, **baseline}
    (folder / library.BASELINE).write_text(json.dumps(facts))
    return folder


def test_what_is_weaker_is_told_apart(tmp_path: Path) -> None:
    promoted(tmp_path, text())
    source = tmp_path / "small.yaml"
    source.write_text(text(shape__stages=[{"name": "all", "rate": "5/s", "for": "1s"}], title="B"))
    former = promotions.former(tmp_path, "small", source)
    assert former is not None
    assert [change["field"] for change in former.changes] == ["title", "shape.stages.all.rate"]
    assert [change["field"] for change in former.weakened] == ["shape.stages.all.rate"]


def test_the_history_grows_by_what_is_replaced(tmp_path: Path) -> None:
    earlier = [{"promoted_at": "2025", "commit": "c0"}]
    promoted(tmp_path, text(), promoted_at="2026", commit="c1", history=earlier)
    source = tmp_path / "small.yaml"
    source.write_text(text(title="B"))
    former = promotions.former(tmp_path, "small", source)
    assert former is not None
    history = former.history(until="2027", commit="c2", reason="")
    assert history[0] == earlier[0]
    assert history[1] == {
        "promoted_at": "2026",
        "commit": "c1",
        "replaced_at": "2027",
        "replaced_by": "c2",
        "changes": [{"field": "title", "before": "A small example", "after": "B"}],
        "weakened": [],
        "reason": "",
    }


def test_what_people_wrote_of_its_catches_is_kept(tmp_path: Path) -> None:
    folder = promoted(tmp_path, text())
    (folder / library.PAGE).write_text("# small\n\nIt has caught a leak.\n\n- in `abc`\n")
    source = tmp_path / "small.yaml"
    source.write_text(text())
    former = promotions.former(tmp_path, "small", source)
    assert former is not None
    assert former.caught == "It has caught a leak.\n\n- in `abc`"


def test_an_edited_example_is_no_measure(tmp_path: Path) -> None:
    folder = promoted(tmp_path, text())
    (folder / library.EXAMPLE).write_text(text(title="Edited"))
    source = tmp_path / "small.yaml"
    source.write_text(text())
    with pytest.raises(LibraryError) as refused:
        promotions.former(tmp_path, "small", source)
    assert refused.value.slug == "entry-changed"


def test_what_was_never_promoted_has_no_former(tmp_path: Path) -> None:
    assert promotions.former(tmp_path, "small", tmp_path / "small.yaml") is None
