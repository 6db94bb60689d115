"""``perfstress seal``: what can be sealed, what is refused, and what is written."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from perfstress import phases
from perfstress.commands.runbook.check import check
from perfstress.commands.runbook.status import status
from perfstress.commands.seal import seal
from perfstress.errors import ExitCode, PerfstressError
from perfstress.phases import Seal
from tests.support.phased import CODE, EXAMPLE, PAGE, RUNBOOK, TEXT
from tests.test_provenance import Repository


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    for name in list(os.environ):
        if name.startswith("GIT_"):
            monkeypatch.delenv(name)
    found = Repository(tmp_path / "project")
    monkeypatch.chdir(found.root)
    return found


def sealed(*names: str) -> str:
    out = io.StringIO()
    assert seal(names, out=out) is ExitCode.PASS
    return out.getvalue()


def seals() -> tuple[Seal, ...]:
    """What the page holds now."""
    (runbook,), _ = phases.read_all(Path.cwd())
    return runbook.seals


def refused(*names: str) -> str:
    """The slug of what speaks against it; the page is as it was."""
    before = Path(RUNBOOK).read_bytes()
    with pytest.raises(PerfstressError) as caught:
        seal(names, out=io.StringIO())
    assert Path(RUNBOOK).read_bytes() == before
    return caught.value.slug


def test_what_is_sealed_is_what_git_has(repository: Repository) -> None:
    commit = repository.commit({RUNBOOK: PAGE, EXAMPLE: TEXT})
    said = sealed(EXAMPLE)
    assert said.endswith(f"next: commit and land {RUNBOOK} before the implementation\n")
    (made,) = seals()
    assert (made.example, made.commit) == ("sound", commit)
    assert repository.git("cat-file", "blob", made.blob) == TEXT.strip()
    assert Path(RUNBOOK).read_text().replace(
        Path(RUNBOOK).read_text().split("---\n")[1], PAGE.split("---\n")[1]
    ) == PAGE  # fmt: skip


def test_sealed_again_only_when_it_has_changed(repository: Repository) -> None:
    repository.commit({RUNBOOK: PAGE, EXAMPLE: TEXT})
    sealed("sound")
    page = Path(RUNBOOK).read_text()
    assert "sealed already" in sealed("sound", EXAMPLE)
    assert Path(RUNBOOK).read_text() == page
    repository.commit({EXAMPLE: TEXT.replace("1M/day", "2M/day")})
    sealed("sound")
    first, second = seals()
    assert first.blob != second.blob


def test_only_what_is_committed(repository: Repository) -> None:
    repository.commit({RUNBOOK: PAGE})
    assert refused("sound") == "cannot-seal"
    repository.write(EXAMPLE, TEXT)
    assert refused("sound") == "not-committed"
    repository.commit()
    repository.write(EXAMPLE, TEXT + "# more\n")
    assert refused("sound") == "not-committed"


@pytest.mark.parametrize("first", [EXAMPLE, CODE])
def test_not_once_the_implementation_has_begun(repository: Repository, first: str) -> None:
    repository.commit({RUNBOOK: PAGE, first: TEXT})
    repository.commit({EXAMPLE: TEXT, CODE: "1"})
    assert refused("sound") == "already-begun"


def test_all_or_none(repository: Repository) -> None:
    repository.commit({RUNBOOK: PAGE.replace("[sound]", "[sound, gone]"), EXAMPLE: TEXT})
    assert refused("sound", "gone") == "cannot-seal"
    assert refused("sound", "stranger") == "no-runbook"


def test_a_page_that_cannot_be_added_to_says_what_to_add(repository: Repository) -> None:
    entry = (
        f'sealed: [{{example: other, blob: "{"a" * 40}", commit: "{"b" * 40}", at: 2026-11-20T1}}]'
    )
    repository.commit({RUNBOOK: PAGE.replace("---\n# ", f"{entry}\n---\n# "), EXAMPLE: TEXT})
    assert refused("sound") == "cannot-seal"


def test_without_git_nothing_is_sealed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path, text in ((RUNBOOK, PAGE), (EXAMPLE, TEXT)):
        (tmp_path / path).parent.mkdir()
        (tmp_path / path).write_text(text)
    monkeypatch.chdir(tmp_path)
    assert refused("sound") == "cannot-seal"


def test_a_seal_that_landed_first_outlives_the_squash_of_the_rest(repository: Repository) -> None:
    repository.commit({RUNBOOK: PAGE})
    repository.git("checkout", "-q", "-b", "feature")
    repository.commit({EXAMPLE: TEXT})
    sealed("sound")
    page = Path(RUNBOOK).read_text()
    repository.commit()
    repository.commit({CODE: "1"})
    repository.git("checkout", "-q", "main")
    landed = repository.commit({RUNBOOK: page})
    said = io.StringIO()
    assert check([], as_json=False, out=said, err=said) is ExitCode.PASS
    status([], as_json=False, out=said, err=said)
    assert "shop  sound  missing  sealed on 20" in said.getvalue()
    repository.git("merge", "-q", "--squash", "feature")
    squashed = repository.commit()
    found = repository.state(Path(EXAMPLE), [CODE])
    assert (found.state, found.example_commit) == ("before", squashed)
    assert landed[:7] in found.reason
