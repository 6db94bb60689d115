"""What git says of commits, on real repositories with branches and merges."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from perfstress.bisecting.commits import between, check_ends, described, touched
from perfstress.errors import UsageError
from tests.support.defective import Repository, example


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "project", example())


def test_a_line_is_divided_in_the_middle(repository: Repository) -> None:
    repository.grow(8, "", 0)
    good, *rest = repository.commits[1:]
    left = between(repository.root, rest[-1], [good])
    assert sorted(left) == sorted(rest)
    assert left[0] in rest[3:5]
    assert between(repository.root, rest[0], [good]) == [rest[0]]


def test_a_merge_is_divided_as_git_bisect_does(repository: Repository) -> None:
    """The first commit to try divides as well as the one that git itself would check out."""
    base = repository.commits[-1]
    repository.grow(3, "", 0)
    repository.git("checkout", "-q", "-b", "side", base)
    for number in range(5):
        (repository.root / f"side{number}").write_text("")
        repository.commit(f"side {number}")
    repository.git("checkout", "-q", "main")
    repository.git("merge", "-q", "--no-edit", "side")
    merge = repository.git("rev-parse", "HEAD")
    left = between(repository.root, merge, [base])
    assert len(left) == 9
    repository.git("bisect", "start", "--no-checkout", merge, base)
    behind = [
        int(repository.git("rev-list", "--count", sha, f"^{base}"))
        for sha in (left[0], repository.git("rev-parse", "BISECT_HEAD"))
    ]
    assert len({min(count, 9 - count) for count in behind}) == 1
    assert touched(repository.root, merge, ["side*"]) == [f"side{n}" for n in range(5)]


def test_ends_that_are_none_are_refused_with_the_common_one(repository: Repository) -> None:
    base = repository.commits[-1]
    later = repository.commit("later")
    repository.git("checkout", "-q", "-b", "side", base)
    side = repository.commit("beside")
    check_ends(repository.root, base, later)
    with pytest.raises(UsageError, match="both ends"):
        check_ends(repository.root, base, base)
    with pytest.raises(UsageError) as caught:
        check_ends(repository.root, later, side)
    assert base[:7] in caught.value.hint
    with pytest.raises(UsageError, match="does not lie behind"):
        check_ends(repository.root, later, base)


def test_a_commit_is_told_with_what_it_touched(repository: Repository) -> None:
    (repository.root / "service" / "überall.py").write_text("")
    (repository.root / "notes").write_text("")
    sha = repository.commit("Grüße:  two  blanks")
    commit = described(repository.root, sha)
    assert (commit.author, commit.subject) == ("Ada", "Grüße:  two  blanks")
    assert commit.date[:2] == "20"
    assert touched(repository.root, sha, ["service/**"]) == ["service/überall.py"]
    first = repository.git("rev-list", "--max-parents=0", "HEAD")
    assert touched(repository.root, first, ["worked_examples/**"]) == ["worked_examples/work.yaml"]


def test_nothing_of_it_is_left_in_the_repository(repository: Repository) -> None:
    repository.grow(4, "", 0)
    between(repository.root, repository.commits[-1], [repository.commits[1]])
    refs = subprocess.run(
        ["git", "-C", str(repository.root), "for-each-ref"], capture_output=True, check=True
    )
    assert b"bisect" not in refs.stdout
    assert repository.git("status", "--porcelain") == ""
