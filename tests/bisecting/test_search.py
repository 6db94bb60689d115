"""The search over real histories, with trials whose outcome is known: no target is started."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perfstress.bisecting.commits import Commit
from perfstress.bisecting.log import Log, Mark, folder_of, read
from perfstress.bisecting.probe import Probe, probe_of
from perfstress.bisecting.search import Found, search
from perfstress.bisecting.trial import Key, Seen
from perfstress.errors import TargetError, UsageError
from tests.support.defective import Repository, example

LEAK: Key = ("memory-growth", "memory")


@dataclass
class Known:
    """A trial that knows the mark of each commit; ``dies_at`` is the step at which it is ended."""

    probe: Probe
    marks: Mapping[str, Mark | None]
    dies_at: int = 0
    asked: list[str] = field(default_factory=list)
    wanted: list[Sequence[Key]] = field(default_factory=list)

    def of(self, commit: Commit, evidence: Path, wanted: Sequence[Key], told: TextIO) -> Seen:
        self.asked.append(commit.sha)
        self.wanted.append(wanted)
        if len(self.asked) == self.dies_at:
            raise KeyboardInterrupt
        mark = self.marks[commit.sha]
        if mark is None:
            raise TargetError("it does not start\nand more lines of its log")
        return Seen(mark, "because", "FAIL", (LEAK,) if mark == "bad" else (), ("it grows",))


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A line of sixteen commits behind the example."""
    repository = Repository(tmp_path_factory.mktemp("line") / "project", example())
    repository.grow(15, "", 0)
    return repository


def searched(
    repository: Repository, marks: Mapping[str, Mark | None], **more: int
) -> tuple[Found, Known]:
    probe = probe_of(repository.root, "work", full=False)
    shas = list(marks)
    log = Log("work", str(probe.path), probe.digest, shas[0], shas[-1])
    trial = Known(probe, marks, **more)
    return search(repository.root, log, trial, lambda *_: None, lambda _: None), trial


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(first=st.integers(1, 15))
def test_the_first_bad_commit_of_sixteen_is_named_in_six_trials(
    history: Repository, first: int
) -> None:
    shas = history.commits[1:]
    marks: dict[str, Mark | None] = {
        sha: "bad" if number >= first else "good" for number, sha in enumerate(shas)
    }
    found, trial = searched(history, marks)
    assert found.first_bad is not None
    assert found.first_bad.sha == shas[first]
    assert len(trial.asked) == len(set(trial.asked)) <= 6


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(first=st.integers(1, 15), skipped=st.sets(st.integers(1, 14)))
def test_a_commit_that_is_named_is_never_the_wrong_one(
    history: Repository, first: int, skipped: set[int]
) -> None:
    shas = history.commits[1:]
    marks: dict[str, Mark | None] = {
        sha: None if number in skipped else "bad" if number >= first else "good"
        for number, sha in enumerate(shas)
    }
    found, _ = searched(history, marks)
    suspects = [commit.sha for commit in found.suspects]
    if found.first_bad is not None:
        assert found.first_bad.sha == shas[first]
    else:
        assert shas[first] in suspects
        assert all(marks[sha] != "good" for sha in suspects)


def test_what_the_bad_end_shows_is_what_the_others_are_asked_for(history: Repository) -> None:
    shas = history.commits[1:]
    marks: dict[str, Mark | None] = {sha: "bad" if n >= 5 else "good" for n, sha in enumerate(shas)}
    _, trial = searched(history, marks)
    assert trial.wanted[:2] == [(), ()]
    assert all(wanted == (LEAK,) for wanted in trial.wanted[2:])


def test_ends_that_are_not_what_they_are_said_to_be_are_refused(history: Repository) -> None:
    shas = history.commits[1:]
    for mark, why in (("good", "is to be bad"), ("bad", "is to be good")):
        with pytest.raises(UsageError, match=why) as caught:
            searched(history, dict.fromkeys(shas, mark))  # type: ignore[arg-type]
        assert caught.value.slug == "bisect-ends"
    found, trial = searched(history, dict.fromkeys(shas))
    assert (found.first_bad, found.suspects, len(trial.asked)) == (None, (), 1)
    assert found.log.steps[0].why == "it cannot be run: it does not start"


def test_what_is_interrupted_goes_on_where_it_was(history: Repository) -> None:
    shas = history.commits[1:]
    marks: dict[str, Mark | None] = {sha: "bad" if n >= 9 else "good" for n, sha in enumerate(shas)}
    whole, trial = searched(history, marks)
    with pytest.raises(KeyboardInterrupt):
        searched(history, marks, dies_at=4)
    log = read(history.root, "work")
    assert log is not None
    assert not log.done
    assert [step.commit.sha for step in log.steps] == trial.asked[:3]
    again = Known(trial.probe, marks)
    found = search(history.root, log, again, lambda *_: None, lambda _: None)
    assert again.asked == trial.asked[3:]
    assert found.first_bad == whole.first_bad


def test_each_step_leaves_its_evidence(history: Repository) -> None:
    shas = history.commits[1:]
    marks: dict[str, Mark | None] = {sha: "bad" if n >= 9 else "good" for n, sha in enumerate(shas)}
    found, _ = searched(history, marks)
    for number, step in enumerate(found.log.steps, 1):
        folder = folder_of(history.root, "work") / f"{number}-{step.commit.short}"
        assert str(folder.relative_to(history.root)) == step.evidence
        assert (folder / "verdict.json").is_file()
