"""How far an example has come: each state from real histories, kept runs and a library."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import shutil
from pathlib import Path

import pytest

from perfstress import phases, rules
from perfstress.standing import Standing, standings
from perfstress.trends.store import STORE, Record, opened
from tests.support.phased import CODE, EXAMPLE, PAGE, RUNBOOK, TEXT, accepting, promoted, run_of
from tests.test_provenance import Repository

LOWER = TEXT.replace("rate: 1M/day", "rate: 1K/day".replace("K", "00"))
CHANGE = "production.rate: 1M/day -> 100/day"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    for name in list(os.environ):
        if name.startswith("GIT_"):
            monkeypatch.delenv(name)
    found = Repository(tmp_path / "project")
    found.write(".gitignore", ".perfstress/\n")
    found.write(RUNBOOK, PAGE)
    monkeypatch.chdir(found.root)
    return found


def standing(repository: Repository) -> Standing:
    runbooks, problems = phases.read_all(repository.root)
    assert problems == []
    (found,) = standings(repository.root, runbooks, rules.weakening)
    return found


def states(repository: Repository) -> list[str]:
    return list(standing(repository).states)


def test_from_nothing_to_a_regression(repository: Repository) -> None:
    assert states(repository) == ["missing"]
    repository.write(EXAMPLE, TEXT)
    assert states(repository) == ["drafted"]
    repository.commit()
    assert states(repository) == ["committed"]
    repository.commit({CODE: "1"})
    assert states(repository) == ["implementation begun", "committed"]
    run_of(repository, "20261120T100000-a", "FAIL")
    assert states(repository)[:2] == ["failing", "discovered"]
    run_of(repository, "20261120T110000-b", "PASS")
    assert states(repository)[:1] == ["discovered"]
    promoted(repository)
    assert states(repository) == [
        "promoted",
        "discovered",
        "implementation begun",
        "committed",
    ]
    run_of(repository, "20261121T100000-c", "FAIL")
    assert states(repository)[:3] == ["failing", "promoted", "discovered"]


def test_an_example_that_cannot_be_read(repository: Repository) -> None:
    repository.commit({EXAMPLE: TEXT.replace("kind: soak", "kind: soup")})
    found = standing(repository)
    assert found.states == ("unreadable",)
    assert [problem.slug for problem in found.problems] == ["bad-value"]


def test_too_late(repository: Repository) -> None:
    repository.commit({CODE: "1"})
    repository.commit({EXAMPLE: TEXT})
    assert states(repository) == ["too late", "implementation begun", "committed"]


def test_no_repository_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path, text in ((RUNBOOK, PAGE), (EXAMPLE, TEXT)):
        (tmp_path / path).parent.mkdir()
        (tmp_path / path).write_text(text)
    monkeypatch.chdir(tmp_path)
    runbooks, _ = phases.read_all(tmp_path)
    (found,) = standings(tmp_path, runbooks, rules.weakening)
    assert found.states == ("cannot tell",)


def test_weakened_until_somebody_answers_for_it(repository: Repository) -> None:
    repository.commit({EXAMPLE: TEXT})
    repository.commit({CODE: "1"})
    repository.commit({EXAMPLE: LOWER})
    found = standing(repository)
    assert found.states[0] == "weakened"
    assert [change["field"] for change in found.unanswered] == ["production.rate"]
    repository.commit({RUNBOOK: accepting(CHANGE)})
    found = standing(repository)
    assert found.states == ("implementation begun", "committed", "weakened")
    assert found.unanswered == ()
    assert found.origin is not None
    assert len(found.origin.weakened) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"scale": 0.5},
        {"overrides": {"target.env.X": "1"}},
        {"planted": {"memory": 4096.0}},
        {"confirms": "../other"},
        {"state": "interrupted"},
        {"state": "running"},
    ],
)
def test_a_run_that_is_no_proof_counts_for_nothing(
    repository: Repository, changes: dict[str, object]
) -> None:
    repository.commit({EXAMPLE: TEXT})
    run_of(repository, "20261120T100000-a", "FAIL", **changes)
    assert states(repository) == ["committed"]
    run_of(repository, "20261120T090000-b", "PASS")
    assert states(repository) == ["discovered", "committed"]


def test_a_run_of_another_text_is_no_discovery(repository: Repository) -> None:
    repository.commit({EXAMPLE: TEXT})
    run_of(repository, "20261120T100000-a", "PASS", text=LOWER)
    assert states(repository) == ["committed"]


def test_a_run_of_the_promoted_text_tells_of_failing_and_not_of_today(
    repository: Repository,
) -> None:
    repository.commit({EXAMPLE: TEXT})
    promoted(repository, text=LOWER)
    run_of(repository, "20261120T100000-a", "FAIL", text=LOWER)
    found = standing(repository)
    assert found.states == ("failing", "promoted", "committed")
    assert found.renewed


def test_a_run_whose_folder_is_gone_is_still_known(repository: Repository) -> None:
    repository.commit({EXAMPLE: TEXT})
    folder = run_of(repository, "20261120T100000-a", "PASS")
    record = Record(
        run=str(folder.relative_to(repository.root)),
        name="sound",
        at="2026-11-20T10:00:00+00:00",
        commit=None,
        dirty=False,
        example=hashlib.sha256(TEXT.encode()).hexdigest()[:12],
        environment="",
        tier="",
        verdict="FAIL",
        seconds=3.0,
        figures={},
    )
    shutil.rmtree(folder)
    with opened(repository.root, make=True) as store:
        store.add([record, dataclasses.replace(record, run="y", at="2027", example="other")])
    assert states(repository) == ["failing", "discovered", "committed"]
    (repository.root / STORE).write_text("spoilt")
    assert states(repository) == ["committed"]


def test_a_run_that_is_damaged_is_passed_over(repository: Repository) -> None:
    repository.commit({EXAMPLE: TEXT})
    broken = run_of(repository, "20261120T100000-a", "FAIL")
    (broken / "result.json").write_text('{"verdict":')
    broken = run_of(repository, "20261120T110000-a", "FAIL")
    (broken / "run.json").write_text("[]")
    assert states(repository) == ["committed"]
