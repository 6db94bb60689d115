"""Faults during load on real processes: made at their time, undone whatever happens, and what does
not come back after them is found. Each defect has a mended twin where nothing is.
"""

from __future__ import annotations

import os
import signal
import socketserver
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from perfstress.proctree import listener_of
from tests.support import lines
from tests.support.project import SERVICE, Project
from tests.support.waiting import wait_for

pytestmark = pytest.mark.live

STALL = {"name": "migration", "at": "4s", "signal": "STOP", "for": "1500ms", "to": "target"}
RESTART = {"name": "deploy", "at": "4s", "restart": True}
CUT = {"name": "failover", "at": "4s", "proxy": {"cut": True}, "for": "2s", "to": "db"}


PAUSE = {"name": "pause", "at": "4s", "signal": "STOP", "for": "1500ms", "to": "db"}
LOSS = {"name": "loss", "at": "4s", "signal": "KILL", "to": "db"}
NARROW = {"name": "narrow", "at": "4s", "proxy": {"throttle": "10KiB/s"}, "for": "2s", "to": "db"}
FAR = {"name": "far", "at": "4s", "proxy": {"delay": "700ms"}, "for": "2s", "to": "db"}
LINES = Path(lines.__file__)


def serve_lines() -> lines.Lines:
    """A service that gives each line back, on a free port, in threads of this process."""
    server = lines.Lines(("127.0.0.1", 0), lines.Line)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def under_fault(project: Project, fault: dict[str, Any], mode: str) -> Path:
    """An example of ten seconds with one fault in the middle."""
    document = project.document
    document["hunts"] = ["no-recovery"]
    document["production"] |= {"rate": "40/s"}
    document["shape"] |= {
        "stages": [{"name": "all", "rate": "40/s", "for": "10s"}],
        "timeout": "4s",
    }
    document["faults"] = [fault]
    document["success"] = [f"recovery < 3s after {fault['name']}"]
    project.mode(mode)
    return project.file


def on_a_service(project: Project, mode: str) -> Path:
    """The same, with a service behind the target that is cut off for a while."""
    server = serve_lines()
    file = under_fault(project, CUT, mode)
    project.document["services"] = {"db": {"address": f"127.0.0.1:{server.server_address[1]}"}}
    project.mode(mode, "0", "{db.port}")
    return file


# Name, what makes the example, and the class that has to be found (None: nothing, and exit code 0).
CASES: list[tuple[str, Callable[[Project], Path], str | None]] = [
    ("stall-scarred", lambda project: under_fault(project, STALL, "scarred"), "no-recovery"),
    ("stall-mended", lambda project: under_fault(project, STALL, "well"), None),
    ("cut-clinging", lambda project: on_a_service(project, "clinging"), "no-recovery"),
    ("cut-mended", lambda project: on_a_service(project, "leaning"), None),
    ("restart", lambda project: under_fault(project, RESTART, "well"), None),
]


@pytest.fixture
def behind(tmp_path: Path) -> Iterator[Callable[..., tuple[int, psutil.Process]]]:
    """Starts a service behind the target in a process of its own: its port, and who listens."""
    started = []

    def start(*words: str) -> tuple[int, psutil.Process]:
        with socketserver.TCPServer(("127.0.0.1", 0), lines.Line) as free:
            port = int(free.server_address[1])
        command = [sys.executable, str(LINES), str(port), *words]
        started.append(subprocess.Popen(command, cwd=tmp_path, start_new_session=True))
        return port, psutil.Process(wait_for(lambda: listener_of(port)))

    yield start
    for one in started:
        os.killpg(one.pid, signal.SIGKILL)
        one.wait()


@pytest.fixture(autouse=True)
def _nothing_is_left_stopped(project: Project) -> Iterator[None]:
    yield
    assert [one for one in project.services() if one.status() == psutil.STATUS_STOPPED] == []


@pytest.mark.parametrize(("name", "make", "expected"), CASES, ids=[case[0] for case in CASES])
def test_what_does_not_come_back_is_found_and_nothing_else(
    project: Project, name: str, make: Callable[[Project], Path], expected: str | None
) -> None:
    make(project)
    code, verdict = project.verdict()
    failing = [finding["class"] for finding in verdict["findings"] if finding["fails"]]
    assert failing == ([expected] if expected else []), verdict["reasons"]
    assert code == (1 if expected else 0), verdict["reasons"]
    named = [event["fault"] for event in project.events() if event["event"] == "fault-ended"]
    assert named == [project.document["faults"][0]["name"]]


# What happens to the service, the mode of a target that does not come back from it, the one that
# does, and how the service is started.
BEHIND: list[tuple[dict[str, Any], str, str, tuple[str, ...]]] = [
    (PAUSE, "tripping", "breaking", ()),
    (LOSS, "clinging", "leaning", ("supervised",)),
    (NARROW, "tripping", "breaking", ()),
    (FAR, "tripping", "breaking", ()),
]


@pytest.mark.parametrize("mended", [False, True], ids=["defective", "mended"])
@pytest.mark.parametrize(
    ("fault", "defective", "well", "words"), BEHIND, ids=[one[0]["name"] for one in BEHIND]
)
def test_what_a_target_does_not_come_back_from_in_a_service_of_its_own(
    project: Project,
    behind: Callable[..., tuple[int, psutil.Process]],
    fault: dict[str, Any],
    defective: str,
    well: str,
    words: tuple[str, ...],
    mended: bool,
) -> None:
    port, service = behind(*words)
    under_fault(project, fault, "")
    project.document["services"] = {"db": {"address": f"127.0.0.1:{port}"}}
    project.mode(well if mended else defective, "0", "{db.port}")
    code, verdict = project.verdict()
    failing = [one for one in verdict["findings"] if one["fails"]]
    assert [one["class"] for one in failing] == ([] if mended else ["no-recovery"]), verdict
    assert code == (0 if mended else 1), verdict["reasons"]
    if not mended:
        assert f"recovery after the fault {fault['name']}" in failing[0]["summary"]
        assert "100 % of the attempts failed" in failing[0]["summary"]
    events = {event["event"]: event for event in project.events()}
    assert (events["fault-began"]["to"], events["fault-ended"]["fault"]) == ("db", fault["name"])
    if fault is LOSS:  # a run that was tried again has met the one that came after it
        assert not any(map(psutil.pid_exists, events["fault-ended"]["pids"]))
    elif fault is PAUSE:
        assert events["fault-ended"]["pids"] == [service.pid]
    if "for" in fault:
        assert service.status() != psutil.STATUS_STOPPED
        assert 1.0 < events["fault-ended"]["lasted_s"] < 4.0


def test_a_service_that_is_held_goes_on_when_perfstress_is_killed(
    project: Project, behind: Callable[..., tuple[int, psutil.Process]]
) -> None:
    port, service = behind()
    under_fault(project, PAUSE | {"at": "500ms", "for": "8s"}, "")
    project.document["services"] = {"db": {"address": f"127.0.0.1:{port}"}}
    project.mode("leaning", "0", "{db.port}")
    process = project.start("--quiet")
    wait_for(lambda: service.status() == psutil.STATUS_STOPPED, within_s=30)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    wait_for(lambda: service.status() != psutil.STATUS_STOPPED)


def test_a_restart_is_no_crash_and_begins_a_new_life_on_the_same_port(project: Project) -> None:
    under_fault(project, RESTART | {"signal": "KILL"}, "well")
    code, verdict = project.verdict()
    assert code == 0, verdict["reasons"]
    assert 0 < verdict["load"]["errors"] < 200  # while nobody listened
    events = [event["event"] for event in project.events()]
    assert events.count("target-restarted") == 2
    assert "target-exited" not in events


def test_a_command_is_recorded_with_its_code_and_what_fails_is_a_doubt(project: Project) -> None:
    run = {"name": "sweeper", "at": "1s", "run": ["sh", "-c", "echo swept >&2; exit 3"]}
    under_fault(project, run, "well")
    project.document["shape"]["stages"][0]["for"] = "5s"
    project.document["success"] = ["errors.count == 0"]
    code, out, err = project.discover("--json")
    assert code == 125, err
    assert "fault sweeper: its command ended with code 3" in out
    assert "swept" in (project.run / "faults.log").read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["ctrl-c", "killed"])
def test_a_target_that_is_held_is_neither_left_stopped_nor_alive(
    project: Project, number: int
) -> None:
    under_fault(project, STALL | {"at": "500ms", "for": "8s"}, "well")
    process = project.start("--quiet")
    wait_for(lambda: any(event["event"] == "fault-began" for event in project.events()))
    wait_for(lambda: [one.status() for one in project.services()] == [psutil.STATUS_STOPPED])
    process.send_signal(number)
    process.communicate(timeout=30)
    wait_for(lambda: not project.services())


def test_an_attached_target_goes_on_when_perfstress_is_killed(project: Project) -> None:
    under_fault(project, STALL | {"at": "500ms", "for": "8s"}, "well")
    with socketserver.TCPServer(("127.0.0.1", 0), lines.Line) as free:
        port = free.server_address[1]
    target = subprocess.Popen([sys.executable, str(SERVICE), str(port)], cwd=project.root)
    try:
        project.document["target"] = {"attach": {"port": port}}
        project.document["workload"]["http"]["base_url"] = f"http://127.0.0.1:{port}"
        wait_for(lambda: psutil.Process(target.pid).net_connections())
        process = project.start("--quiet")
        held = psutil.Process(target.pid)
        wait_for(lambda: held.status() == psutil.STATUS_STOPPED)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=30)
        wait_for(lambda: held.status() != psutil.STATUS_STOPPED)
    finally:
        os.kill(target.pid, signal.SIGCONT)
        target.kill()
        target.wait()
