"""``perfstress report`` on runs from the disk."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from perfstress.commands.report import report
from perfstress.errors import ExitCode, RunError, UsageError
from tests.support import synthetic
from tests.support.synthetic import Layout, Truth


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("runs") / "run"
    return synthetic.soak(path, Truth(dies_after_ops=6000), Layout(ops_per_epoch=4000))


@pytest.mark.parametrize(
    ("fmt", "beginning"),
    [
        ("text", "checkout-soak: FAIL"),
        ("html", "<!doctype html>"),
        ("junit", "<?xml version"),
        ("markdown", "## checkout-soak: FAIL"),
    ],
)
def test_each_format_goes_to_the_stream_or_to_a_file(
    run: Path, tmp_path: Path, fmt: str, beginning: str
) -> None:
    out = io.StringIO()
    assert report(run, fmt, None, out) is ExitCode.PASS
    assert out.getvalue().startswith(beginning)
    file = tmp_path / "told"
    silent = io.StringIO()
    assert report(run, fmt, file, silent) is ExitCode.PASS
    assert silent.getvalue() == ""
    assert file.read_text("utf-8") == out.getvalue()
    assert [path.name for path in tmp_path.iterdir()] == ["told"]


def test_json_is_the_object_of_the_contract(run: Path) -> None:
    out = io.StringIO()
    report(run, "json", None, out)
    seen = json.loads(out.getvalue())
    assert (seen["verdict"], seen["run"]) == ("FAIL", str(run))
    assert seen["findings"][0]["class"] == "crash"


@pytest.mark.parametrize("fmt", ["text", "html", "json", "junit", "markdown"])
def test_a_run_that_was_killed_at_once_can_be_told(tmp_path: Path, fmt: str) -> None:
    out = io.StringIO()
    report(synthetic.empty(tmp_path / "run"), fmt, None, out)
    assert "INCONCLUSIVE" in out.getvalue()


def test_another_format_is_refused_with_those_there_are(run: Path) -> None:
    with pytest.raises(UsageError) as caught:
        report(run, "pdf", None, io.StringIO())
    assert caught.value.slug == "unknown-format"
    assert "'pdf'" in caught.value.message
    assert caught.value.hint == "write one of: text, html, json, junit, markdown"


def test_what_cannot_be_written_is_told_and_leaves_nothing(run: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        report(run, "text", tmp_path / "no" / "such" / "folder.txt", io.StringIO())
    assert caught.value.slug == "output-not-writable"
    (tmp_path / "folder").mkdir()
    with pytest.raises(UsageError):
        report(run, "text", tmp_path / "folder", io.StringIO())
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError) as caught:
        report(tmp_path, "text", None, io.StringIO())
    assert caught.value.slug == "no-run"
