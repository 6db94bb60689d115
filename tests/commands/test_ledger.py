"""``perfstress ledger``: text, JSON, and what ``add`` does to the library."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from perfstress.cli import run
from perfstress.errors import ExitCode
from perfstress.ledger import FILE
from tests.commands.test_promoting import Workshop, passed
from tests.ledger.test_evidence import LEAK, Repository, code, keep, repository
from tests.support.golden import Golden

__all__ = ["repository"]  # a fixture


@pytest.fixture
def project(
    repository: Repository,
    monkeypatch: pytest.MonkeyPatch,
) -> Repository:
    for name in list(os.environ):
        if name.startswith("GIT_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(repository.root)
    monkeypatch.setenv("COLUMNS", "80")
    return repository


def test_an_empty_ledger_says_so(project: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ledger"]) == ExitCode.PASS
    assert "the ledger is empty" in capsys.readouterr().out
    assert run(["ledger", "--json"]) == ExitCode.PASS
    assert json.loads(capsys.readouterr().out) == {
        "caught": [],
        "totals": {"catches": 0, "examples": 0, "classes": [], "mended": 0, "cost_s": 0},
    }


def test_from_the_failing_run_to_the_ledger(
    project: Repository, capsys: pytest.CaptureFixture[str], golden: Golden
) -> None:
    found = code(project, "leaks")
    failing = keep(project, "100000")
    with (failing / "events.jsonl").open("a") as file:
        file.write('{"t": 45.2, "event": "target-stopped"}\n')
    assert run(["ledger", "add", str(failing)]) == ExitCode.PASS
    told = capsys.readouterr().out
    assert "caught: memory-growth of memory by price-soak\n" in told
    assert f"next: commit {FILE}" in told
    mended = code(project, "mended")
    assert run(["ledger", "add", "price-soak", "--mended", "HEAD"]) == ExitCode.PASS
    assert run(["ledger", "add", "price-soak", "--mended", "HEAD"]) == ExitCode.PASS
    assert "the ledger has it already" in capsys.readouterr().out
    assert run(["ledger"]) == ExitCode.PASS
    scrubs = {found[:7]: "FOUND", mended[:7]: "MENDED"}
    golden.check("text/ledger.txt", capsys.readouterr().out, scrubs)
    assert run(["ledger", "--json"]) == ExitCode.PASS
    data = json.loads(capsys.readouterr().out)
    (one,) = data["caught"]
    assert (one["class"], one["found"], one["mended"]) == ("memory-growth", found, mended)
    assert one["in_this_clone"]
    assert data["totals"]["mended"] == 1


def test_a_run_that_did_not_fail_is_refused(
    project: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(project, "100000", "PASS")
    assert run(["ledger", "add", "price-soak"]) == ExitCode.USAGE
    assert "[nothing-caught]" in capsys.readouterr().err
    assert not (project.root / FILE).exists()
    assert run(["ledger", "add", "no-such"]) == ExitCode.USAGE


def test_the_finding_is_that_of_the_run(project: Repository) -> None:
    keep(project, "100000")
    assert run(["ledger", "add", "price-soak"]) == ExitCode.PASS
    line = json.loads((project.root / FILE).read_text())
    assert {key: line[key] for key in LEAK if key != "fails"} == {
        key: value for key, value in LEAK.items() if key != "fails"
    }


def test_the_ledger_as_a_page(project: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    page = project.root / "ledger.html"
    assert run(["ledger", "-o", str(page)]) == ExitCode.PASS
    assert "no run that failed has been put into the ledger" in page.read_text()
    keep(project, "100000")
    run(["ledger", "add", "price-soak"])
    capsys.readouterr()
    assert run(["ledger", "-o", str(page)]) == ExitCode.PASS
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", f"wrote {page}\n")
    text = page.read_text()
    assert "memory grows by 40 B per call" in text
    assert "<dd>not yet</dd>" in text
    assert "<script" not in text
    assert run(["ledger", "-o", "ledger.pdf"]) == ExitCode.USAGE
    assert "[bad-option]" in capsys.readouterr().err


@pytest.mark.live
def test_a_promotion_tells_what_failing_runs_found_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shop = Workshop(tmp_path / "shop")
    monkeypatch.chdir(shop.root)
    file = shop.example(success=["errors.count == 0"])
    (shop.root / "touched" / "shop.py").write_text("raise SystemExit(3)\n")
    shop.commit("broken code")
    found = shop.git("rev-parse", "HEAD").strip()
    done = shop.perfstress("discover", str(file), "--quiet", "--no-confirm")
    assert done.returncode == ExitCode.FAIL, done.stdout + done.stderr
    shop.code()
    mended = shop.git("rev-parse", "HEAD").strip()
    passed(shop, file)
    assert run(["promote", "shop"]) == ExitCode.PASS
    assert f", now in {FILE}\n" in capsys.readouterr().out
    lines = [json.loads(line) for line in (shop.root / FILE).read_text().splitlines()]
    assert {(one["example"], one["found"], one["mended"]) for one in lines} == {
        ("shop", found, mended)
    }
    assert all(one["seconds"] > 0 for one in lines)
    page = (shop.entry / "README.md").read_text()
    assert f"found at `{found[:7]}`" in page
    assert f"mended in `{mended[:7]}`" in page
    assert "It has caught nothing yet" not in page
