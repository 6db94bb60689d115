"""Markdown for a pull request."""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path

import pytest

from perfstress import runfile
from perfstress.reports import REPORTS
from perfstress.reports.markdown import plain
from perfstress.run import Run
from perfstress.verdict import Verdict
from tests.support import synthetic
from tests.support.golden import Golden
from tests.support.verdicts import FAILED, UNREAL


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return runfile.read(synthetic.empty(tmp_path / "run", "complete"))


def told(verdict: Verdict, run: Run) -> str:
    out = io.StringIO()
    REPORTS["markdown"](verdict, run, out)
    return out.getvalue()


@pytest.mark.parametrize(("name", "verdict"), [("failed", FAILED), ("unreal", UNREAL)])
def test_the_comment_is_as_it_was(name: str, verdict: Verdict, run: Run, golden: Golden) -> None:
    golden.check(f"markdown/{name}.md", told(verdict, run))


def test_hostile_text_is_text(run: Run) -> None:
    notes = ("<img src=x onerror=1> | [a](b) @everyone `x`\n# not a heading",)
    seen = told(dataclasses.replace(FAILED, notes=notes), run)
    assert "\\<img src=x onerror=1\\> \\| \\[a\\](b) \\@everyone \\`x\\` \\# not a heading" in seen
    assert plain("a\n\n b") == "a b"
