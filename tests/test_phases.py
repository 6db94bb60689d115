"""Runbooks as they are read: what is in them, and every problem at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perfstress import phases
from perfstress.errors import UsageError
from perfstress.phases import Accepted, Runbook, Seal

ROOT = Path(__file__).parents[1]
BLOB, COMMIT = "0" * 40, "1" * 40

BODY = """\
# Phase: checkout, the shop's till

## What it builds
A till.

## Production envelope
| what | figure | source |
|---|---|---|
| rate | 333/s | access log of 2025-11-28 |

## Worked examples
| example | kind | what would kill production unseen |
|---|---|---|
| `rush` | spike | a path that keeps a connection |

## Success figures
Those of the example.
"""


@pytest.fixture(autouse=True)
def _in_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "runbooks").mkdir()
    monkeypatch.chdir(tmp_path)


def page(front: str, body: str = BODY, name: str = "checkout") -> Path:
    path = Path.cwd() / "runbooks" / f"{name}.md"
    path.write_text(f"---\n{front}---\n{body}")
    return path


def read(front: str, body: str = BODY) -> Runbook:
    runbook, problems = phases.check(page(front, body))
    assert problems == []
    assert runbook is not None
    return runbook


def told(front: str, body: str = BODY) -> list[str]:
    """Every problem as ``line:column slug``."""
    return [
        f"{problem.line}:{problem.column} {problem.slug}"
        for problem in phases.check(page(front, body))[1]
    ]


GOOD = "phase: checkout\nexamples: [rush]\n"


def test_what_a_runbook_says() -> None:
    runbook = read(GOOD)
    assert runbook.phase == "checkout"
    assert runbook.title == "checkout, the shop's till"
    assert runbook.display == "runbooks/checkout.md"
    assert runbook.examples == ("rush",)
    assert runbook.place_of("rush") == (3, 12)


@pytest.mark.parametrize("path", phases.files(ROOT), ids=lambda path: path.stem)
def test_the_runbooks_of_this_project_are_sound(path: Path) -> None:
    runbook, problems = phases.check(path)
    assert problems == []
    assert runbook is not None
    assert runbook.examples


def test_seals_are_read_in_their_order() -> None:
    sealed = (
        "sealed:\n"
        f'  - {{example: rush, blob: "{BLOB}", commit: "{COMMIT}", at: 2026-11-20T17:00:00Z}}\n'
        f'  - example: rush\n    blob: "{COMMIT}"\n    commit: "{BLOB}"\n'
        "    at: 2026-11-21T17:00:00+01:00\n"
    )
    assert read(GOOD + sealed).seals == (
        Seal("rush", BLOB, COMMIT, "2026-11-20T17:00:00Z"),
        Seal("rush", COMMIT, BLOB, "2026-11-21T17:00:00+01:00"),
    )


def test_a_blob_of_digits_alone_is_read_as_written_without_quotes_too() -> None:
    digits = "0123456789" * 4
    line = f"sealed: [{{example: rush, blob: {digits}, commit: {digits}, at: 2026-11-20T17:00Z}}]\n"
    (seal,) = read(GOOD + line).seals
    assert seal.blob == digits


def test_accepted_weakenings_keep_their_reason() -> None:
    entry = (
        "weakened:\n  - example: rush\n    reason: the till of 2026 is half as large\n"
        '    changes: ["production.rate: 10/s -> 5/s"]\n'
    )
    assert read(GOOD + entry).accepted == (
        Accepted("rush", ("production.rate: 10/s -> 5/s",), "the till of 2026 is half as large"),
    )


@pytest.mark.parametrize(
    ("front", "seen"),
    [
        ("phase: till\nexamples: [rush]\n", ["2:8 name-differs"]),
        ("examples: [rush]\n", ["2:1 missing-key"]),
        ("phase: checkout\n", ["2:1 missing-key"]),
        ("phase: Till\nexamples: [rush]\n", ["2:8 bad-name"]),
        ("phase: 7\nexamples: [rush]\n", ["2:8 name-differs"]),
        ("phase: [a]\nexamples: [rush]\n", ["2:8 wrong-type"]),
        ("phase:\nexamples: [rush]\n", ["2:7 wrong-type"]),
        ("phase: checkout\nexamples: rush\n", ["3:11 wrong-type"]),
        ("phase: checkout\nexamples: []\n", ["3:11 empty"]),
        ("phase: checkout\nexamples: [rush, rush]\n", ["3:18 named-twice"]),
        ("phase: checkout\nexamples: [rush, slow]\n", ["3:18 table-differs"]),
        ("phase: checkout\nexamples: [rush, {a: b}]\n", ["3:18 wrong-type"]),
        (GOOD + "owner: me\n", ["4:1 unknown-key"]),
        (GOOD + "sealed: [rush]\n", ["4:10 wrong-type"]),
        (GOOD + "sealed: {example: rush}\n", ["4:9 wrong-type"]),
        (GOOD + "sealed: [{example: rush, at: now}]\n", ["4:10 missing-key"] * 2),
        (
            GOOD + f'sealed: [{{example: rush, blob: "12", commit: "{COMMIT}", at: now}}]\n',
            ["4:32 bad-seal", "4:94 bad-seal"],
        ),
        (GOOD + "weakened: [{example: rush, changes: x, reason: y}]\n", ["4:37 wrong-type"]),
        (GOOD + "weakened: [{example: rush, changes: [x], reason: ' '}]\n", ["4:50 empty"]),
        (GOOD + "phase: checkout\n", ["4:1 duplicate-key"]),
        (GOOD + "\towner: me\n", ["4:1 bad-yaml"]),
        (GOOD + "owner: !me x\n", ["4:8 tag"]),
        ("- phase\n", ["2:1 not-a-mapping"]),
        ("# nothing\n", ["1:1 no-front-matter"]),
        (
            "phases: checkout\nexamples: [rush]\nsealed: 1\n",
            ["2:1 unknown-key", "2:1 missing-key", "4:9 wrong-type"],
        ),
    ],
)
def test_every_problem_of_the_front_matter_with_its_place(front: str, seen: list[str]) -> None:
    assert told(front) == seen


@pytest.mark.parametrize(
    ("old", "new", "seen"),
    [
        ("## Success figures", "## Figures", ["22:1 missing-section"]),
        ("access log of 2025-11-28 ", "", ["13:1 no-source"]),
        ("A till.", "TODO: one paragraph", ["8:1 placeholder"]),
        ("| `rush` | spike", "| `slow` | spike", ["3:12 table-differs", "18:1 table-differs"]),
        ("| `rush` | spike", "| the four of `shop` | spike", []),
    ],
)
def test_every_problem_of_the_sections_with_its_place(old: str, new: str, seen: list[str]) -> None:
    assert old in BODY
    assert told(GOOD, BODY.replace(old, new)) == seen


def test_a_page_without_front_matter_or_with_an_open_one() -> None:
    path = page(GOOD)
    path.write_text(BODY)
    (problem,) = phases.check(path)[1]
    assert str(problem).startswith("runbooks/checkout.md:1:1: does not begin with front matter")
    path.write_text(f"---\n{GOOD}{BODY}")
    (problem,) = phases.check(path)[1]
    assert problem.slug == "no-front-matter"
    assert "never closed" in problem.message


def test_a_page_that_is_not_text() -> None:
    path = page(GOOD)
    path.write_bytes(b"---\nphase: \xff\n---\n")
    assert [problem.slug for problem in phases.check(path)[1]] == ["not-utf8"]


def test_line_ends_of_windows_and_a_mark_at_the_beginning_are_no_problem() -> None:
    path = page(GOOD)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    runbook, problems = phases.check(path)
    assert problems == []
    assert runbook is not None
    assert runbook.examples == ("rush",)


def test_the_runbooks_of_a_project_by_name() -> None:
    page(GOOD)
    page("phase: stock\nexamples: [rush]\n", name="stock")
    (Path.cwd() / "runbooks" / "README.md").write_text("Our runbooks.")
    runbooks, problems = phases.read_all(Path.cwd())
    assert [runbook.phase for runbook in runbooks] == ["checkout", "stock"]
    assert problems == []
    runbooks, _ = phases.read_all(Path.cwd(), ["stock", "stock"])
    assert [runbook.phase for runbook in runbooks] == ["stock"]


def test_a_phase_or_a_folder_that_is_not_there() -> None:
    with pytest.raises(UsageError, match="no page in runbooks/"):
        phases.read_all(Path.cwd())
    page(GOOD)
    with pytest.raises(UsageError) as caught:
        phases.read_all(Path.cwd(), ["chekout"])
    assert caught.value.slug == "no-phase"
    assert caught.value.hint == "did you mean 'checkout'?"


PIECES = [
    "---\n",
    "phase: checkout\n",
    "examples: [rush]\n",
    "examples:\n",
    "  - rush\n",
    "  - {a: b}\n",
    "sealed:\n",
    "sealed: [{example: rush}]\n",
    "weakened: 7\n",
    "weakened: [{example: 1, changes: [], reason: x}]\n",
    "? [a]\n",
    "&a b\n",
    "*a\n",
    ": :\n",
    "- - -\n",
    "'\n",
    "\t\n",
    "#\n",
    "## Production envelope\n",
    "|\n",
    "| a |\n",
    "|---|\n",
    "| a | b | |\n",
    "## Worked examples\n",
    "| `x` |\n",
    "TODO\n",
    "\ufeff",
    "\x00",
    "é: ü\n",
]


@settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join), st.booleans())
def test_whatever_a_page_holds_it_is_told_and_never_breaks(text: str, begun: bool) -> None:
    path = page(GOOD)
    path.write_text(f"---\n{GOOD}{text}" if begun else text)
    runbook, problems = phases.check(path)
    lines = path.read_text().count("\n") + 1
    assert runbook is not None or problems
    assert all(1 <= problem.line <= lines + 1 and problem.column >= 1 for problem in problems)
    assert all(problem.message and problem.slug for problem in problems)
