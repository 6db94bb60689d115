"""``perfstress bisect`` in repositories of sixteen commits, from the command line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from perfstress.worktrees import FOLDER
from tests.support.defective import DEFECTS, Repository, example
from tests.support.project import heed_interrupts

pytestmark = pytest.mark.live

SHORT: dict[str, Any] = {
    "kind": "load",
    "production": {
        "rate": "100/s", "concurrency": 1, "operations": 200, "horizon": "1s", "source": "a test",
    },
    "shape": {
        "model": "closed", "seed": 1, "stages": [{"name": "work", "users": 1, "ops": 200}],
    },
    "success": ["errors.count == 0"],
}  # fmt: skip
FAILS = "    assert number != 150"


def start(repository: Repository, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "perfstress", "bisect", "work", *words],
        cwd=repository.root,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_interrupts,
    )


def bisect(repository: Repository, *words: str) -> tuple[int, str, str]:
    process = start(repository, *words)
    out, err = process.communicate(timeout=900)
    return process.returncode, out, err


def untouched(repository: Repository) -> str:
    """HEAD, branches, index and files, and that no work tree is left."""
    shelf = repository.root / FOLDER
    assert not shelf.exists() or list(shelf.iterdir()) == []
    assert repository.git("worktree", "list").count("\n") == 0
    return repository.git("status", "--porcelain", "--branch") + repository.git("for-each-ref")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "project", example(**SHORT))


def test_the_commit_is_named_and_nothing_is_touched(repository: Repository) -> None:
    good = repository.commits[-1]
    brought = repository.grow(14, FAILS, 9)
    (repository.root / "service" / "page3.py").write_text("being worked on")
    (repository.root / "new").write_text("")
    before = untouched(repository)
    code, out, err = bisect(repository, "--good", good[:10], "--bad", "main", "--json")
    assert code == 0, err
    found = json.loads(out)
    assert found["first_bad"]["sha"] == brought
    assert found["first_bad"]["files"] == ["service/page9.py", "service/service.py"]
    assert "errors.count" in found["first_bad"]["findings"][0]
    assert [step["mark"] for step in found["steps"][:2]] == ["good", "bad"]
    assert len(found["steps"]) <= 6
    assert f"# first bad commit: [{brought}] quicker lookups" in found["log"]
    assert untouched(repository) == before
    for step in found["steps"]:
        assert (repository.root / step["evidence"] / "run" / "run.json").is_file()


def test_what_does_not_start_is_skipped(repository: Repository) -> None:
    """The commit that brought it lies between two that cannot be run: all of them are named."""
    good = repository.commits[-1]
    (repository.root / "service" / "service.py").write_text("def operation(")
    broken = repository.commit("half a change")
    repository.write(FAILS)
    bad = repository.commit("the other half")
    code, out, err = bisect(repository, "--good", good, "--json")
    assert code == 125, err
    found = json.loads(out)
    assert found["first_bad"] is None
    assert sorted(commit["sha"] for commit in found["suspects"]) == sorted([broken, bad])
    assert "cannot be run" in found["steps"][2]["why"]
    assert "only skipped commits" in err


def test_a_good_end_that_fails_is_refused(repository: Repository) -> None:
    repository.write(FAILS)
    good = repository.commit("early")
    repository.grow(2, FAILS, 0)
    code, out, err = bisect(repository, "--good", good)
    assert (code, out) == (2, "")
    assert "is to be good, and fails already" in err


def test_an_interrupt_keeps_what_was_done(repository: Repository) -> None:
    good = repository.commits[-1]
    brought = repository.grow(6, FAILS, 2)
    process = start(repository, "--good", good)
    log = repository.root / ".perfstress" / "bisect" / "work" / "bisection.json"
    while process.poll() is None and not (log.exists() and json.loads(log.read_text())["steps"]):
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "--resume" in err
    assert "Traceback" not in err
    untouched(repository)
    done = json.loads(log.read_text())["steps"]
    refused, _, why = bisect(repository, "--good", good)
    assert refused == 2
    assert "under way" in why
    code, out, err = bisect(repository, "--resume", "--json")
    assert code == 0, err
    assert json.loads(out)["first_bad"]["sha"] == brought
    assert json.loads(out)["steps"][: len(done)] == done


def test_a_kill_costs_the_step_that_was_under_way(repository: Repository) -> None:
    good = repository.commits[-1]
    brought = repository.grow(4, FAILS, 2)
    process = start(repository, "--good", good)
    log = repository.root / ".perfstress" / "bisect" / "work" / "bisection.json"
    while process.poll() is None and not (log.exists() and json.loads(log.read_text())["steps"]):
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    code, out, err = bisect(repository, "--resume", "--json")
    assert code == 0, err
    assert json.loads(out)["first_bad"]["sha"] == brought
    untouched(repository)


@pytest.mark.slow
def test_a_leak_of_200_bytes_is_found_among_sixteen(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "project", example())
    good = repository.commits[-1]
    brought = repository.grow(14, DEFECTS["leak"], 9)
    code, out, err = bisect(repository, "--good", good, "--json")
    assert code == 0, err
    assert json.loads(out)["first_bad"]["sha"] == brought
