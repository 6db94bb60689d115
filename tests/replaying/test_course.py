"""Replays of small libraries from the command line: each entry on its own, and after an end that
nobody wished.
"""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import psutil
import pytest

from perfstress.cli import run
from perfstress.errors import ExitCode
from tests.support.shelf import BREAKS, WAITS, Shelf
from tests.support.waiting import wait_for

pytestmark = pytest.mark.live


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "shop")


def told(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.stdout, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def verdicts(answer: dict[str, Any]) -> dict[str, str]:
    return {one["name"]: one["verdict"] for one in answer["entries"]}


def journal(shelf: Shelf) -> list[dict[str, Any]]:
    files = sorted((shelf.root / ".perfstress" / "replay").glob("*/journal.jsonl"))
    return [json.loads(line) for line in files[-1].read_text().splitlines()] if files else []


def is_waiting(shelf: Shelf, name: str) -> Callable[[], bool]:
    """Whether the batch of an entry is under way."""

    def look() -> bool:
        for process in psutil.process_iter():
            try:
                if f"{name}.py" in process.cmdline() and process.cwd() == str(
                    shelf.root / "touched"
                ):
                    return True
            except psutil.Error:
                continue
        return False

    return look


def let_go(shelf: Shelf) -> None:
    (shelf.root / "touched" / "go").touch()


def interrupted_at(shelf: Shelf, name: str, how: signal.Signals, *words: str) -> tuple[int, str]:
    """Begin a replay and end it while an entry's batch is under way: exit code and stdout."""
    process = shelf.start("replay", *words)
    try:
        wait_for(is_waiting(shelf, name), within_s=100)
        process.send_signal(how)
        out, _ = process.communicate(timeout=60)
    finally:
        process.kill()
    wait_for(lambda: not is_waiting(shelf, name)(), within_s=30)
    return process.returncode, out


def test_each_entry_stands_for_itself_and_the_worst_decides(shelf: Shelf) -> None:
    shelf.add("bad", BREAKS)
    shelf.add("good")
    shelf.add("half")
    (shelf.root / "regressions" / "half" / "baseline.json").write_text("{")
    changed = shelf.add("changed", files={"example.yaml": "0" * 64})
    shelf.commit("all")
    reports = shelf.root / "results.xml", shelf.root / "comment.md"
    done = shelf.perfstress(
        "replay", "--json", "--junit", str(reports[0]), "--markdown", str(reports[1])
    )
    answer = told(done)
    assert done.returncode == ExitCode.FAIL
    assert verdicts(answer) == {
        "bad": "FAIL",
        "good": "PASS",
        "half": "ERROR",
        "changed": "ERROR",
    }
    slugs = {one["name"]: one["slug"] for one in answer["entries"] if one["slug"]}
    assert slugs == {"half": "damaged-entry", "changed": "entry-changed"}
    assert str(changed / "example.yaml") in done.stderr
    suite = ElementTree.parse(reports[0]).getroot()
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("4", "1", "2")
    assert reports[1].read_text().startswith("## perfstress replay: FAIL\n")
    assert "4 of 4: " in done.stderr
    assert journal(shelf)[-1] == {"ended": True}


def test_after_a_kill_only_the_entry_that_was_running_is_run_again(shelf: Shelf) -> None:
    shelf.add("a", seconds=1.0)
    shelf.add("b", BREAKS, seconds=2.0)
    shelf.add("c", WAITS, seconds=3.0)
    shelf.add("d", seconds=4.0)
    shelf.commit("all")
    interrupted_at(shelf, "c", signal.SIGKILL)
    before = journal(shelf)
    assert [one["name"] for one in before] == ["a", "b"]
    let_go(shelf)
    done = shelf.perfstress("replay", "--resume", "--json")
    answer = told(done)
    assert done.returncode == ExitCode.FAIL
    assert verdicts(answer) == {"a": "PASS", "b": "FAIL", "c": "PASS", "d": "PASS"}
    assert answer["entries"][:2] == before
    assert "2 of 4 entries are done" in done.stderr
    runs = shelf.root / ".perfstress" / "runs"
    assert {one.name: len(list(one.iterdir())) for one in runs.iterdir()} == {
        "a": 1,
        "b": 1,
        "c": 2,
        "d": 1,
    }
    again = shelf.perfstress("replay", "--resume")
    assert again.returncode == ExitCode.USAGE
    assert "[nothing-to-resume]" in again.stderr


def test_an_interruption_tells_what_there_is_and_how_to_go_on(shelf: Shelf) -> None:
    shelf.add("a", BREAKS, seconds=1.0)
    shelf.add("b", WAITS, seconds=2.0)
    shelf.add("c", seconds=3.0)
    shelf.commit("all")
    junit = shelf.root / "results.xml"
    code, out = interrupted_at(shelf, "b", signal.SIGINT, "--json", "--junit", str(junit))
    answer = json.loads(out)
    assert code == ExitCode.INTERRUPTED
    assert answer["verdict"] == "INTERRUPTED"
    assert verdicts(answer) == {"a": "FAIL"}
    assert [one["name"] for one in answer["not_run"]] == ["b", "c"]
    assert ElementTree.parse(junit).getroot().get("skipped") == "2"
    let_go(shelf)
    assert shelf.perfstress("replay", "--resume").returncode == ExitCode.FAIL


def test_nothing_goes_on_against_other_code_or_another_library(shelf: Shelf) -> None:
    shelf.add("a", WAITS, seconds=1.0)
    folder = shelf.add("b", seconds=2.0)
    shelf.commit("all")
    interrupted_at(shelf, "a", signal.SIGINT)
    page = (folder / "example.yaml").read_text()
    (folder / "example.yaml").write_text(page + "# another\n")
    edited = shelf.perfstress("replay", "--resume")
    assert edited.returncode == ExitCode.USAGE
    assert "b is not the entry that it was" in edited.stderr
    assert "edited since" in edited.stderr
    shelf.git("checkout", "-q", ".")
    (shelf.root / "touched" / "b.py").write_text("print(2)\n")
    shelf.commit("other code")
    committed = shelf.perfstress("replay", "--resume")
    assert "HEAD was" in committed.stderr
    assert "[resume-changed]" in committed.stderr


def test_a_replay_that_still_runs_is_not_resumed(shelf: Shelf) -> None:
    shelf.add("a", WAITS)
    shelf.commit("all")
    process = shelf.start("replay")
    try:
        wait_for(is_waiting(shelf, "a"), within_s=100)
        refused = shelf.perfstress("replay", "--resume")
        assert refused.returncode == ExitCode.USAGE
        assert "[still-running]" in refused.stderr
        let_go(shelf)
        process.communicate(timeout=100)
        assert process.returncode == ExitCode.PASS
    finally:
        process.kill()


def test_a_budget_ends_before_what_no_longer_fits(shelf: Shelf) -> None:
    # Each really takes more than the hundredth of a second that the plan believes.
    for name in ("a", "b", "c"):
        shelf.add(name, seconds=0.01)
    shelf.commit("all")
    done = shelf.perfstress("replay", "--budget", "0.5s", "--json")
    answer = told(done)
    assert done.returncode == ExitCode.PASS
    assert verdicts(answer) == {"a": "PASS"}
    assert [one["name"] for one in answer["not_run"]] == ["b", "c"]
    assert all(one["why"].startswith("budget: ") for one in answer["not_run"])


class TestWithoutARun:
    """In this process: nothing is started."""

    @pytest.fixture(autouse=True)
    def _there(self, shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
        shelf.add("a", BREAKS, seconds=50.0)
        shelf.commit("all")
        monkeypatch.chdir(shelf.root)

    def test_a_budget_for_nothing_passes_nothing(
        self, shelf: Shelf, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run(["replay", "--budget", "5s"]) == ExitCode.INCONCLUSIVE
        assert "budget: it takes about 50 s, and 5 s is left" in capsys.readouterr().out
        assert not (shelf.root / ".perfstress").exists()

    def test_a_plan_runs_nothing_and_leaves_nothing(
        self, shelf: Shelf, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run(["replay", "--dry-run", "--json"]) == ExitCode.PASS
        plan = json.loads(capsys.readouterr().out)
        assert [one["name"] for one in plan["entries"]] == ["a"]
        assert shelf.git("status", "--porcelain", "--ignored") == ""

    @pytest.mark.parametrize(
        ("words", "slug"),
        [
            (["--shard", "5/4"], "bad-shard"),
            (["--budget", "soon"], "bad-budget"),
            (["--retries", "99"], "bad-retries"),
            (["--changed-since", "nothing"], "no-changes"),
            (["--resume", "--budget", "5s"], "resume-alone"),
            (["--resume", "a"], "resume-alone"),
            (["--resume"], "nothing-to-resume"),
            (["--junit", "no/such/folder.xml"], "output-not-writable"),
            (["--markdown", "."], "output-not-writable"),
            (["unknown"], "no-entry"),
        ],
        ids=lambda value: " ".join(value) if isinstance(value, list) else value,
    )
    def test_what_cannot_be_is_refused_before_anything_runs(
        self, shelf: Shelf, capsys: pytest.CaptureFixture[str], words: list[str], slug: str
    ) -> None:
        assert run(["replay", *words]) == ExitCode.USAGE
        assert f"[{slug}]" in capsys.readouterr().err
        assert not (shelf.root / ".perfstress").exists()
