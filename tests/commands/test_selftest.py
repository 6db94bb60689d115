"""The self-test: what it finds, what it says of what it misses, and that it leaves nothing."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from perfstress.selftest import CASES, NOT_TRIED, Case, try_all
from perfstress.verdict import FINDING_CLASSES
from tests.support.project import heed_interrupts
from tests.support.waiting import wait_for


def selftest(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "perfstress", "selftest", *words],
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_every_finding_class_is_tried_once_or_said_not_to_be() -> None:
    tried = [kind for case in CASES for kind in case.classes]
    assert sorted([*tried, *NOT_TRIED]) == sorted(FINDING_CLASSES)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_every_example_is_a_valid_one(case: Case, tmp_path: Path) -> None:
    for defect in ("", *case.defects):
        file = tmp_path / f"{case.name}.yaml"
        file.write_text(json.dumps(case.example(defect)))
        told = subprocess.run(
            [sys.executable, "-m", "perfstress", "lint", str(file)],
            capture_output=True,
            text=True,
            cwd=tmp_path,
        )
        assert told.returncode == 0, told.stdout


def test_a_class_that_cannot_be_tried_is_refused() -> None:
    for kind in ("nonsense", "work-amplification"):
        answer = selftest("--only", kind)
        assert answer.returncode == 2
        assert "[bad-class]" in answer.stderr


@pytest.mark.live
def test_one_class_is_found_and_told_as_data() -> None:
    answer = selftest("--only", "crash", "--json")
    assert answer.returncode == 0, answer.stderr
    told = json.loads(answer.stdout)
    assert told["held"] is True
    [one] = told["classes"]
    assert (one["kind"], one["found"], one["clean"], one["case"]) == ("crash", True, True, "load")


@pytest.mark.live
@pytest.mark.slow  # two soaks and their twins
def test_what_is_missed_and_a_twin_that_is_not_clean_do_not_hold(tmp_path: Path) -> None:
    load = next(case for case in CASES if case.name == "load")
    harmless = dataclasses.replace(load, defects={"harmless": ("crash",)})
    dirty = dataclasses.replace(load, name="load", defects={"crash": ("crash",)})
    document = dict(load.document)
    document["success"] = ["ok.count == 0"]
    dirty = dataclasses.replace(dirty, document=document)
    for case, found, clean in ((harmless, False, True), (dirty, True, False)):
        folder = tmp_path / f"{found}"
        [result] = try_all([case], [], folder, lambda result: None)
        assert (result.found, result.clean, result.held) == (found, clean, False)
        assert result.why


@pytest.mark.live
def test_ctrl_c_leaves_no_target_and_no_run(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "perfstress", "selftest", "--only", "no-recovery"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_interrupts,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    me = psutil.Process(process.pid)

    def started() -> list[psutil.Process]:
        found = []
        for one in me.children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                found += [one] if "shop.py" in " ".join(one.cmdline()) else []
        return found

    try:
        targets = wait_for(started, within_s=30)
        below = me.children(recursive=True)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    _, alive = psutil.wait_procs([*targets, *below], timeout=15)
    assert alive == []
    assert list(tmp_path.iterdir()) == []
