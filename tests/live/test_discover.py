"""``discover`` from end to end on real processes: verdicts, findings, exit codes, and nothing left
behind.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from typing import Any

import pytest

from tests.support.project import SERVICE, Project
from tests.support.waiting import wait_for

pytestmark = pytest.mark.live


def listens(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def kinds(verdict: dict[str, Any]) -> list[str]:
    return [finding["class"] for finding in verdict["findings"] if finding["fails"]]


def test_a_healthy_service_passes_and_leaves_a_run_to_read(project: Project) -> None:
    code, verdict = project.verdict()
    assert (code, verdict["verdict"]) == (0, "PASS"), verdict["reasons"]
    assert verdict["load"]["requests"] == 200
    assert verdict["load"]["errors"] == 0
    assert verdict["could_not_see"]
    assert {file.name for file in project.run.iterdir()} >= {
        "run.json",
        "example.yaml",
        "samples.jsonl",
        "intervals.jsonl",
        "events.jsonl",
        "result.json",
        "report.html",
        "target.log",
    }
    assert json.loads((project.run / "result.json").read_text()) == verdict


def test_a_leak_fails_with_its_size_and_is_confirmed_in_a_fresh_process(project: Project) -> None:
    project.soak()
    project.mode("leak")
    code, verdict = project.verdict()
    assert (code, verdict["verdict"]) == (1, "FAIL"), verdict["reasons"]
    finding = next(one for one in verdict["findings"] if one["class"] == "fd-growth")
    assert finding["per_op"] == pytest.approx(1.0, rel=0.02)
    assert finding["confirmed"] is True
    assert "service.py" in finding["diagnosis"]
    assert (project.run / "confirm" / "run.json").exists()


def test_a_healthy_soak_passes(project: Project) -> None:
    project.soak()
    code, verdict = project.verdict()
    assert (code, verdict["verdict"]) == (0, "PASS"), verdict["reasons"]


@pytest.mark.parametrize(
    ("mode", "told"),
    [("die", "SIGKILL"), ("exit", "the last straw")],
)
def test_a_target_that_dies_is_a_crash(project: Project, mode: str, told: str) -> None:
    project.mode(mode, "50")
    code, verdict = project.verdict()
    assert (code, verdict["verdict"]) == (1, "FAIL")
    assert "crash" in kinds(verdict)
    assert told in json.dumps(verdict["findings"])


def test_a_target_that_answers_no_more_hangs(project: Project) -> None:
    project.mode("hang", "50")
    project.document["shape"] = {
        "model": "closed",
        "seed": 1,
        "stages": [{"name": "all", "users": 2, "ops": 100000}],
        "timeout": "1s",
    }
    code, verdict = project.verdict()
    assert (code, verdict["verdict"]) == (1, "FAIL")
    assert "hang" in kinds(verdict)


def test_errors_break_the_objective(project: Project) -> None:
    project.mode("errors", "100")
    code, verdict = project.verdict()
    assert (code, verdict["verdict"]) == (1, "FAIL")
    assert "error-objective" in kinds(verdict)
    assert verdict["load"]["errors_by_class"] == {"status": pytest.approx(101, abs=2)}


def test_an_invariant_is_asked_and_judged(project: Project) -> None:
    """The readiness probe is served too, so what the service counted is more than the journeys."""
    project.document["success"] += [{"invariant": {"get": "/", "that": "served == ok.look"}}]
    code, verdict = project.verdict()
    assert code == 1
    assert kinds(verdict) == ["invariant"]


@pytest.mark.parametrize(
    ("mode", "slug"),
    [("mute", "never-ready"), ("quit", "cannot find the ledger")],
)
def test_a_target_that_never_is_ready_exits_3(project: Project, mode: str, slug: str) -> None:
    project.mode(mode)
    project.document["target"]["ready"]["within"] = "2s"
    code, _, err = project.discover()
    assert code == 3
    assert slug in err
    assert "Traceback" not in err


def test_a_command_that_does_not_exist_exits_3(project: Project) -> None:
    project.document["target"]["command"] = ["no-such-program-anywhere", "{port}"]
    code, _, err = project.discover()
    assert code == 3
    assert "no-such-program-anywhere" in err


def test_a_port_in_use_exits_3(project: Project) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        project.document["target"]["command"] = ["python", str(SERVICE), str(port)]
        project.document["target"]["ready"] = {"port": port, "within": "5s"}
        project.document["workload"]["http"]["base_url"] = f"http://127.0.0.1:{port}"
        code, _, err = project.discover()
    assert code == 3
    assert str(port) in err


def test_an_attached_port_with_nobody_behind_it_exits_3(project: Project) -> None:
    del project.document["target"]["command"]
    project.document["target"]["attach"] = {"port": 1}
    project.document["workload"]["http"]["base_url"] = "http://127.0.0.1:1"
    code, _, err = project.discover()
    assert code == 3
    assert "1" in err
    assert "Traceback" not in err


def test_an_attached_process_that_does_not_answer_exits_3(project: Project) -> None:
    del project.document["target"]["command"]
    del project.document["target"]["ready"]
    project.document["target"]["attach"] = {"pid": os.getpid()}
    project.document["workload"]["http"]["base_url"] = "http://127.0.0.1:1"
    code, _, err = project.discover()
    assert code == 3
    assert "127.0.0.1:1" in err
    assert "unreachable" in err


def test_a_foreign_host_exits_4(project: Project) -> None:
    project.document["workload"]["http"]["base_url"] = "http://203.0.113.7:{port}"
    code, _, err = project.discover()
    assert code == 4
    assert "203.0.113.7" in err


def test_an_attached_service_is_watched_and_not_stopped(project: Project) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    service = subprocess.Popen([sys.executable, str(SERVICE), str(port)])
    try:
        wait_for(lambda: listens(port))
        project.document["target"] = {
            "attach": {"port": port},
            "limits": project.document["target"]["limits"],
        }
        project.document["workload"]["http"]["base_url"] = f"http://127.0.0.1:{port}"
        code, verdict = project.verdict()
        assert (code, verdict["verdict"]) == (0, "PASS"), verdict["reasons"]
        assert service.poll() is None
    finally:
        service.kill()
        service.wait()


def test_ctrl_c_keeps_what_was_recorded_and_stops_the_target(project: Project) -> None:
    project.document["shape"]["stages"] = [{"name": "all", "rate": "100/s", "for": "2m"}]
    process = project.start()
    wait_for(project.under_load, within_s=60)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert json.loads((project.run / "run.json").read_text())["state"] == "interrupted"
    assert f"perfstress report {project.run}" in err
    assert (project.run / "report.html").exists()
    assert project.services() == []


def test_sigkill_leaves_no_target_and_a_run_that_can_be_told(project: Project) -> None:
    project.document["shape"]["stages"] = [{"name": "all", "rate": "100/s", "for": "2m"}]
    process = project.start()
    wait_for(project.under_load, within_s=60)
    assert project.services()
    process.kill()
    process.communicate(timeout=30)
    wait_for(lambda: project.services() == [], within_s=10)
    told = subprocess.run(
        [sys.executable, "-m", "perfstress", "report", str(project.run)],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "COLUMNS": "100"},
    )
    assert told.returncode == 0, told.stderr
    assert "INCONCLUSIVE" in told.stdout
    assert "partial" in told.stdout.lower() or "killed" in told.stdout.lower()


def test_a_run_leaves_the_work_tree_clean(project: Project) -> None:
    project.git("init", "-q")
    project.discover("--scale", "0.1", "--quiet")
    project.commit("the example")
    project.discover("--scale", "0.1", "--quiet")
    status = subprocess.run(
        ["git", "status", "--porcelain"], cwd=project.root, capture_output=True, text=True
    )
    assert status.stdout == ""


def test_a_run_directory_that_cannot_be_made_is_told(project: Project) -> None:
    (project.root / "file").touch()
    code, out, told = project.discover("--out", str(project.root / "file" / "run"))
    assert (code, out) == (2, "")
    assert "[out-not-writable]" in told
    assert "Traceback" not in told
