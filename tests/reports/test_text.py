"""The summary on a terminal, compared with what was once found good."""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path

import pytest
from rich.console import Console

from perfstress import runfile
from perfstress.reports import text
from perfstress.reports.text import console_for, text_summary
from perfstress.run import Run
from perfstress.verdict import Verdict
from tests.support import synthetic
from tests.support.golden import Golden
from tests.support.verdicts import FAILED, NOTHING, PASSED, UNREAL

VERDICTS = {"passed": PASSED, "failed": FAILED, "unreal": UNREAL, "nothing": NOTHING}


def told(verdict: Verdict, run: Run | None, width: int, *, colour: bool = False) -> str:
    out = io.StringIO()
    console = Console(
        file=out,
        width=width,
        force_terminal=colour,
        color_system="standard" if colour else None,
        markup=False,
        highlight=False,
        _environ={},
    )
    text_summary(verdict, run, console=console)
    return out.getvalue()


@pytest.fixture
def partial(tmp_path: Path) -> Run:
    return runfile.read(synthetic.empty(tmp_path / "run"))


@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize("name", VERDICTS)
def test_the_summary_is_as_it_was(name: str, width: int, golden: Golden) -> None:
    golden.check(f"text/{name}-{width}.txt", told(VERDICTS[name], None, width))


def test_a_run_adds_its_title_and_its_end(partial: Run, tmp_path: Path, golden: Golden) -> None:
    (partial.path / runfile.REPORT).write_text("")
    verdict = dataclasses.replace(NOTHING, run=str(partial.path))
    seen = told(verdict, partial, 500)
    golden.check("text/partial.txt", seen, scrubs={str(tmp_path): "TMP"})


@pytest.mark.parametrize("width", [20, 80, 120])
@pytest.mark.parametrize("name", VERDICTS)
def test_the_path_of_the_run_is_left_whole_to_be_copied(name: str, width: int) -> None:
    assert VERDICTS[name].run in told(VERDICTS[name], None, width)


@pytest.mark.parametrize("width", [20, 33, 59, 60, 80, 100])
@pytest.mark.parametrize("name", VERDICTS)
def test_only_one_long_word_or_path_is_longer_than_the_terminal(name: str, width: int) -> None:
    for line in told(VERDICTS[name], None, width).splitlines():
        words = line.split()
        assert len(line) <= width or "/" in words[-1] or len(words) == 1
        assert line == line.rstrip()


def test_colour_is_only_for_terminals_that_want_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    out = io.StringIO()
    text_summary(FAILED, None, console=console_for(out))
    assert "\x1b" not in out.getvalue()
    assert "\x1b[1;31mFAIL" in told(FAILED, None, 80, colour=True)

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    coloured, plain = Terminal(), Terminal()
    text_summary(FAILED, None, console=console_for(coloured))
    monkeypatch.setenv("NO_COLOR", "1")
    text_summary(FAILED, None, console=console_for(plain))
    assert "31m" in coloured.getvalue()
    assert "31m" not in plain.getvalue()


def test_hostile_text_is_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    verdict = dataclasses.replace(PASSED, notes=("[bold red]not markup[/] :smile: {x}",))
    out = io.StringIO()
    text_summary(verdict, None, console=console_for(out))
    assert "[bold red]not markup[/] :smile: {x}" in out.getvalue()


def test_the_reporter_writes_the_same(partial: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    out = io.StringIO()
    text.report(FAILED, partial, out)
    assert out.getvalue() == told(FAILED, partial, text.PLAIN_COLUMNS)
