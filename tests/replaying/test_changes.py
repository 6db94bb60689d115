"""What git says has changed, in repositories made here."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfstress import provenance
from perfstress.errors import UsageError
from perfstress.replaying import changes
from perfstress.replaying.changes import Paths
from tests.support.shelf import Shelf


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "shop")


def write(shelf: Shelf, name: str, text: str = "x\n") -> None:
    file = shelf.root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def all_since(shelf: Shelf, ref: str) -> list[str]:
    return changes.since(shelf.root, ref).fitting(["**"])


def test_committed_edited_staged_untracked_renamed_and_deleted_all_count(shelf: Shelf) -> None:
    for name in ("edited", "staged", "deleted", "renamed", "same"):
        write(shelf, name, f"{name}\n" * 5)
    first = shelf.commit("first")
    write(shelf, "committed")
    shelf.commit("second")
    write(shelf, "edited")
    write(shelf, "staged")
    shelf.git("add", "staged")
    (shelf.root / "deleted").unlink()
    shelf.git("mv", "renamed", "moved")
    write(shelf, "untracked é.py")
    write(shelf, ".perfstress/run")
    assert all_since(shelf, first) == sorted(
        ["committed", "edited", "staged", "deleted", "renamed", "moved", "untracked é.py"]
    )


def test_what_only_the_other_branch_changed_does_not_count(shelf: Shelf) -> None:
    write(shelf, "base")
    shelf.commit("base")
    shelf.git("checkout", "-q", "-b", "work")
    write(shelf, "ours")
    shelf.commit("ours")
    shelf.git("checkout", "-q", "main")
    write(shelf, "theirs")
    shelf.commit("theirs")
    shelf.git("checkout", "-q", "work")
    assert all_since(shelf, "main") == ["ours"]


def test_a_submodule_stands_for_what_is_in_it() -> None:
    paths = Paths(["vendor/shop", "vendor/other"])
    assert paths.fitting(["vendor/shop/src/**"]) == ["vendor/shop"]
    assert paths.fitting(["vendor/shopping/**"]) == []


@pytest.mark.parametrize("ref", ["nothing", "-v", "--all", "HEAD~7", ""])
def test_a_commit_that_git_does_not_know_is_refused(shelf: Shelf, ref: str) -> None:
    write(shelf, "base")
    shelf.commit("base")
    with pytest.raises(UsageError) as refused:
        changes.since(shelf.root, ref)
    assert refused.value.slug == "no-changes"
    assert "no such commit" in refused.value.message


def test_histories_with_nothing_in_common_are_refused(shelf: Shelf) -> None:
    write(shelf, "base")
    shelf.commit("base")
    shelf.git("checkout", "-q", "--orphan", "island")
    shelf.commit("island")
    with pytest.raises(UsageError, match="both come"):
        changes.since(shelf.root, "main")


def test_without_git_there_is_nothing_to_ask(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not under git"):
        changes.since(tmp_path, "main")
    assert changes.uncommitted(tmp_path).fitting(["**"]) == []
    assert changes.past(tmp_path).commits == ()


def test_the_past_knows_what_came_after_a_commit(shelf: Shelf) -> None:
    write(shelf, "a")
    first = shelf.commit("first")
    shelf.git("checkout", "-q", "-b", "side")
    write(shelf, "b")
    side = shelf.commit("side")
    shelf.git("checkout", "-q", "main")
    write(shelf, "c d")
    last = shelf.commit("last")
    shelf.git("merge", "-q", "--no-ff", "-m", "merge", "side")
    past = changes.past(shelf.root)
    touched = {base: past.touched(past.paths, ["**"], base) for base in (first, side, last, "gone")}
    assert touched[first] == ["b", "c d"]
    assert touched[side] == ["c d"]
    assert touched[last] == ["b"]
    assert touched["gone"] == [".gitignore", "a", "b", "c d"]


PART = st.text("ab", min_size=1, max_size=2)
PATH = st.lists(PART, min_size=1, max_size=4).map("/".join)
PATTERN = st.lists(
    st.one_of(PART, st.sampled_from(["*", "**", "a*", "?b"])), min_size=1, max_size=4
)


@given(st.lists(PATH, max_size=12), PATTERN.map("/".join))
def test_paths_fit_as_if_each_had_been_asked(paths: list[str], pattern: str) -> None:
    asked = {path for path in paths if provenance.matcher([pattern]).fullmatch(path)}
    found = set(Paths(paths).fitting([pattern]))
    assert asked <= found
    assert all(pattern.startswith(path + "/") for path in found - asked)  # as submodules
