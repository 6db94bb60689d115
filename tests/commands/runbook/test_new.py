"""``perfstress runbook new``: the page that it writes, and what it asks."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfstress import phases
from perfstress.commands.runbook.new import new
from perfstress.errors import UsageError
from tests.support.golden import Golden


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()  # the root of the project, whatever stands above it
    monkeypatch.chdir(tmp_path)


def test_the_page(golden: Golden) -> None:
    path = new(
        "till",
        title="the till,\n  in every shop",
        builds="A till that does not lose a cent.",
        examples=["rush", "rush", "night"],
    )
    golden.check("runbook/till.md", path.read_text())


def test_nothing_is_wrong_with_a_new_page_but_what_is_to_be_filled_in() -> None:
    runbook, problems = phases.check(new("till", examples=["rush"]))
    assert runbook is not None
    assert runbook.examples == ("rush",)
    assert {problem.slug for problem in problems} == {"placeholder"}
    assert {problem.slug for problem in phases.check(new("stock"))[1]} == {"placeholder", "empty"}


def test_what_is_not_given_is_asked_for() -> None:
    asked: list[str] = []

    def ask(question: str) -> str:
        asked.append(question)
        return "rush night" if "examples" in question else ""

    page = new("till", title="the till", ask=ask).read_text()
    assert len(asked) == 2
    assert "# Phase: the till\n" in page
    assert "examples: [rush, night]" in page
    assert "TODO: a paragraph" in page


def test_a_name_that_is_none_is_asked_for_again() -> None:
    answers = iter(["the till", "A till.", "Rush hour", "rush, night"])
    asked: list[str] = []

    def ask(question: str) -> str:
        asked.append(question)
        return next(answers)

    assert "examples: [rush, night]" in new("till", ask=ask).read_text()
    assert asked[-1].startswith("'Rush' is no name")


def test_a_page_is_not_overwritten_without_force() -> None:
    new("till").write_text("mine")
    with pytest.raises(UsageError, match=r"runbooks/till\.md: exists"):
        new("till")
    assert new("till", force=True).read_text() != "mine"


@pytest.mark.parametrize(("phase", "examples"), [("Till", []), ("../x", []), ("till", ["a b"])])
def test_names_that_are_none(phase: str, examples: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        new(phase, examples=examples)
    assert caught.value.slug == "bad-name"
    assert not Path("runbooks").exists()


def test_a_folder_that_cannot_be_made() -> None:
    Path("runbooks").write_text("a file")
    with pytest.raises(UsageError) as caught:
        new("till")
    assert caught.value.slug == "output-not-writable"
