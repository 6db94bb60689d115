"""What a bisection knows, on disk and in the words of git."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from perfstress.bisecting.commits import Commit
from perfstress.bisecting.log import FILE, Log, Mark, Step, alone, folder_of, read, write
from perfstress.errors import LibraryError, UsageError
from tests.support.defective import Repository, example

LOG = Log("work", "regressions/work/example.yaml", "digest", "a" * 40, "b" * 40)


def step(sha: str, mark: Mark) -> Step:
    commit = Commit(sha, "Ada", "2026-11-20T10:00:00+00:00", "a subject")
    return Step(commit, mark, "because", "FAIL", "1-x", ("memory grows",), 1.5)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    log = dataclasses.replace(
        LOG, wanted=(("memory-growth", "memory"),), metric="response.p50", worse_than=0.1
    )
    log = log.with_step(step("a" * 40, "good")).with_step(step("b" * 40, "bad"))
    write(tmp_path, log)
    assert read(tmp_path, "work") == log
    assert read(tmp_path, "another") is None


@pytest.mark.parametrize("text", ["{", "[]", '{"version": 9}', '{"version": 1}'])
def test_a_damaged_log_is_refused_by_name(tmp_path: Path, text: str) -> None:
    folder_of(tmp_path, "work").mkdir(parents=True)
    (folder_of(tmp_path, "work") / FILE).write_text(text)
    with pytest.raises(LibraryError) as caught:
        read(tmp_path, "work")
    assert caught.value.slug == "damaged-bisection"


def test_the_last_bad_commit_is_the_one_that_is_divided_next() -> None:
    log = LOG.with_step(step("a" * 40, "good"))
    assert (log.first_bad, log.goods, log.skipped) == ("b" * 40, ["a" * 40], set())
    log = log.with_step(step("b" * 40, "bad")).with_step(step("c" * 40, "skip"))
    log = log.with_step(step("d" * 40, "bad"))
    assert (log.first_bad, log.skipped) == ("d" * 40, {"c" * 40})
    assert log.step_of("c" * 40) == step("c" * 40, "skip")


def test_git_replays_its_words(tmp_path: Path) -> None:
    """``git bisect replay`` goes through the log and comes to the same commit."""
    repository = Repository(tmp_path / "project", example())
    repository.grow(6, "", 0)
    commits = repository.commits[1:]
    log = dataclasses.replace(LOG, good=commits[0], bad=commits[-1])
    marks: list[tuple[str, Mark]] = [
        (commits[0], "good"), (commits[-1], "bad"), (commits[3], "bad"), (commits[1], "good"),
        (commits[2], "good"),
    ]  # fmt: skip
    for sha, mark in marks:
        log = log.with_step(step(sha, mark))
    words = log.in_words_of_git(step(commits[3], "bad").commit, [])
    (tmp_path / "log").write_text(words)
    done = repository.git("bisect", "replay", str(tmp_path / "log"))
    assert f"{commits[3]} is the first bad commit" in done
    assert words.splitlines()[-1] == f"# first bad commit: [{commits[3]}] a subject"


def test_what_may_be_the_first_bad_one_is_listed() -> None:
    suspects = [step("c" * 40, "skip").commit, step("b" * 40, "bad").commit]
    words = LOG.in_words_of_git(None, suspects)
    assert words.count("possible first bad commit") == 2
    assert "only skipped" in words


def test_two_at_a_time_are_refused(tmp_path: Path) -> None:
    with alone(tmp_path, "work"):
        with alone(tmp_path, "another"):
            pass
        with pytest.raises(UsageError, match="another process"), alone(tmp_path, "work"):
            pass
    with alone(tmp_path, "work"):
        pass


def test_a_log_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    write(tmp_path, LOG)
    write(tmp_path, LOG.with_step(step("a" * 40, "good")))
    assert [path.name for path in folder_of(tmp_path, "work").iterdir()] == [FILE]
