"""What ``runbook check`` holds against runbooks, examples and git, from real histories."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import pytest

from perfstress.commands.runbook.check import check
from perfstress.commands.seal import seal
from perfstress.errors import ExitCode
from tests.support.phased import CODE, EXAMPLE, PAGE, RUNBOOK, TEXT, accepting
from tests.test_provenance import Repository

LOWER = TEXT.replace("rate: 1M/day", "rate: 100/day")
HIGHER = TEXT.replace("rate: 1M/day", "rate: 2M/day")
CHANGE = "production.rate: 1M/day -> 100/day"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    for name in list(os.environ):
        if name.startswith("GIT_"):
            monkeypatch.delenv(name)
    found = Repository(tmp_path / "project")
    monkeypatch.chdir(found.root)
    return found


def told(*names: str) -> list[str]:
    """Every problem as ``path:line:column slug``; and that the exit code agrees with them."""
    out, err = io.StringIO(), io.StringIO()
    code = check(names, as_json=True, out=out, err=err)
    problems = json.loads(out.getvalue())["problems"]
    assert code is (ExitCode.USAGE if problems else ExitCode.PASS)
    return [f"{each['path']}:{each['line']}:{each['column']} {each['slug']}" for each in problems]


def sealed(repository: Repository) -> None:
    """The example committed, sealed, and the seal committed."""
    repository.commit({RUNBOOK: PAGE, EXAMPLE: TEXT})
    seal(["sound"], out=io.StringIO())
    repository.commit()
    assert told() == []


def test_a_project_in_order(repository: Repository) -> None:
    repository.commit({RUNBOOK: PAGE, EXAMPLE: TEXT})
    repository.commit({CODE: "1"})
    assert told() == []


def test_everything_at_once(repository: Repository) -> None:
    repository.write(RUNBOOK, PAGE.replace("[sound]", "[sound, gone, spoilt, loose]"))
    repository.write("runbooks/till.md", PAGE.replace("phase: shop", "phase: till"))
    repository.write(EXAMPLE, TEXT)
    for name, old, new in (
        ("spoilt", "kind: soak", "kind: soup"),
        ("loose", "phase: shop\n", ""),
        ("alone", "phase: shop\n", ""),
        ("elsewhere", "phase: shop", "phase: stock"),
        ("forgotten", "", ""),
    ):
        text = TEXT.replace("name: sound", f"name: {name}").replace(old, new)
        repository.write(f"worked_examples/group/{name}.yaml", text)
    assert told() == [
        "runbooks/shop.md:3:19 no-example",
        "runbooks/shop.md:3:25 bad-example",
        "runbooks/till.md:3:12 named-twice",
        "worked_examples/group/alone.yaml:1:1 no-runbook",
        "worked_examples/group/elsewhere.yaml:5:8 no-runbook",
        "worked_examples/group/forgotten.yaml:5:8 no-runbook",
        "worked_examples/group/loose.yaml:1:1 other-phase",
    ]
    assert told("till") == ["worked_examples/sound.yaml:5:8 other-phase"]


def test_too_late_and_weakened(repository: Repository) -> None:
    repository.commit({RUNBOOK: PAGE, CODE: "1"})
    repository.commit({EXAMPLE: TEXT})
    repository.commit({EXAMPLE: LOWER})
    assert told() == ["runbooks/shop.md:3:12 too-late", "runbooks/shop.md:3:12 weakened"]
    repository.write(RUNBOOK, accepting(CHANGE))
    assert told() == ["runbooks/shop.md:3:12 too-late"]
    repository.write(RUNBOOK, accepting("production.rate: 1M/day -> 99/day"))
    assert told() == ["runbooks/shop.md:3:12 too-late", "runbooks/shop.md:3:12 weakened"]


def test_a_changed_example_is_sealed_again_before_the_code(repository: Repository) -> None:
    sealed(repository)
    repository.write(EXAMPLE, HIGHER)
    assert told() == ["runbooks/shop.md:5:5 seal-broken"]
    repository.commit()
    seal(["sound"], out=io.StringIO())
    assert told() == []


def test_behind_the_code_a_sealed_example_may_only_become_harder(repository: Repository) -> None:
    sealed(repository)
    repository.commit({CODE: "1"})
    repository.commit({EXAMPLE: HIGHER})
    assert told() == []
    repository.commit({EXAMPLE: LOWER})
    assert "runbooks/shop.md:5:5 seal-broken" in told()
    page = (repository.root / RUNBOOK).read_text()
    reason = f'weakened: [{{example: sound, changes: ["{CHANGE}", "{CHANGE.replace("1M", "2M")}"]'
    repository.write(RUNBOOK, page.replace("---\n# ", f"{reason}, reason: less}}]\n---\n# "))
    assert told() == []


def test_a_seal_that_was_written_by_hand(repository: Repository) -> None:
    sealed(repository)
    page = (repository.root / RUNBOOK).read_text()
    blob = repository.git("hash-object", EXAMPLE)
    repository.write(RUNBOOK, page.replace(blob, "c" * 40))
    assert set(told()) == {"runbooks/shop.md:5:5 seal-broken"}


def test_what_git_cannot_tell_is_told_and_is_no_problem(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.commit({RUNBOOK: PAGE, EXAMPLE: TEXT})
    repository.commit({CODE: "1"})
    shallow = tmp_path / "shallow"
    repository.git("clone", "-q", "--depth=1", repository.root.as_uri(), str(shallow))
    monkeypatch.chdir(shallow)
    out = io.StringIO()
    assert check([], as_json=False, out=out, err=out) is ExitCode.PASS
    assert out.getvalue() == (
        "git cannot tell what came first, of 1 example: "
        "the clone is shallow; deepen it with  git fetch --unshallow\n"
        "1 runbook, 1 example, no problems\n"
    )
