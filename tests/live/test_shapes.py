"""Shapes from end to end: several processes and the loss of one, pauses, steps, recordings."""

from __future__ import annotations

import hashlib
import os
import signal

import psutil
import pytest

from tests.support.project import Project
from tests.support.waiting import wait_for

pytestmark = pytest.mark.live

LOG = '127.0.0.1 - - [28/Nov/2025:11:00:0{} +0000] "GET / HTTP/1.1" 200 42 "-" "a browser"\n'


def processes_of_load(parent: psutil.Process) -> list[psutil.Process]:
    return [
        child for child in parent.children(recursive=True) if "perfstress.worker" in child.cmdline()
    ]


def test_several_processes_and_how_the_generator_was(project: Project) -> None:
    project.document["shape"]["processes"] = 2
    _, verdict = project.verdict()
    assert [one for one in verdict["findings"] if one["fails"]] == []
    assert verdict["load"]["requests"] == 200
    generator = verdict["generator"]
    assert generator["processes"] == 2
    assert generator["dropped"] == 0
    assert generator["slip_p99_ms"] == verdict["load"]["slip_ms"]["p99"]
    assert set(generator) >= {"steal_share", "stall_share", "open_files", "loop_lag_ms"}
    page = (project.run / "report.html").read_text()
    assert "generator of 2 processes" in page


def test_a_process_of_load_that_is_killed_makes_the_run_inconclusive(project: Project) -> None:
    project.document["shape"] |= {
        "processes": 2,
        "stages": [{"name": "all", "rate": "100/s", "for": "60s"}],
    }
    running = project.start()
    wait_for(project.under_load, within_s=30)
    _, second = processes_of_load(psutil.Process(running.pid))
    os.kill(second.pid, signal.SIGKILL)
    out, err = running.communicate(timeout=30)
    assert running.returncode == 125, err
    assert "INCONCLUSIVE" in out
    told = " ".join(out.split())
    assert "part of the load generator was lost: process" in told
    assert "of 2 of load has ended: killed by SIGKILL" in told
    assert not project.services()


def test_pauses_steps_and_recorded_arrivals(project: Project) -> None:
    log = project.root / "access.log"
    log.write_text("".join(LOG.format(second) * 40 for second in range(2)))
    digest = hashlib.sha256(log.read_bytes()).hexdigest()
    project.document["shape"] |= {
        "processes": 2,
        "stages": [
            {
                "name": "climb",
                "steps": {"from": "50/s", "to": "100/s", "by": "50/s", "each": "1s"},
            },
            {"name": "calm", "pause": "1s"},
            {"name": "friday", "arrivals": {"file": "access.log", "sha256": digest}},
        ],
    }
    project.document["success"] += ["response.p99 < 5s during climb-2"]
    _, verdict = project.verdict()
    assert [one for one in verdict["findings"] if one["fails"]] == []
    assert verdict["load"]["requests"] == 50 + 100 + 80
    (note,) = [note for note in verdict["notes"] if "whole seconds" in note]
    assert "friday" in note
    began = [event["stage"] for event in project.events() if event["event"] == "epoch-began"]
    assert began == ["climb-1", "climb-2", "calm", "friday"]
