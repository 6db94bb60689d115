"""HTTP beside conversations on TCP, from end to end."""

from __future__ import annotations

import signal

import pytest

from tests.support.project import Project
from tests.support.waiting import wait_for

pytestmark = pytest.mark.live


def beside(project: Project) -> None:
    """Requests, and clients who connect and say nothing."""
    project.document["workload"]["tcp"] = {
        "address": "127.0.0.1:{port}",
        "journeys": {
            "silent": {
                "weight": 0.25,
                "steps": [{"connect": True}, {"hold": "300ms"}, {"close": True}],
            }
        },
    }
    project.document["shape"]["stages"] = [
        {"name": "both", "rate": "100/s", "for": "2s"},
        {"name": "silence", "rate": "20/s", "ops": 20, "mix": {"silent": 1}},
        {"name": "after", "rate": "50/s", "for": "1s", "mix": {"look": 1}},
    ]


def test_both_are_driven_and_told(project: Project) -> None:
    beside(project)
    project.document["success"] += [
        "ops.count == 160 of look during both",
        "ops.count == 40 of silent during both",
        "ops.count == 20 of silent during silence",
        "ops.count == 50 of look during after",
        "response.p99 < 5s of look",
    ]
    code, verdict = project.verdict()
    assert code == 0, verdict
    assert verdict["load"]["operations"] == 270
    assert verdict["load"]["intended_rate"] == pytest.approx(270 / 4, rel=0.01)
    began = [event["stage"] for event in project.events() if event["event"] == "epoch-began"]
    assert began == ["both", "silence", "after"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"look": {"steps": [{"connect": True}]}}, "two journeys have the name 'look'"),
        ({"silent": {"steps": [{"hold": "1s"}]}}, "workload.tcp.journeys.silent.steps[0]"),
    ],
)
def test_what_is_wrong_with_one_of_them(
    project: Project, change: dict[str, object], says: str
) -> None:
    beside(project)
    project.document["workload"]["tcp"]["journeys"] = change
    del project.document["shape"]["stages"][1:]
    code, _, err = project.discover()
    assert code == 2
    assert says in err


def test_both_are_ended_by_an_interruption(project: Project) -> None:
    beside(project)
    project.document["shape"]["stages"][0]["for"] = "60s"
    running = project.start()
    wait_for(project.under_load, within_s=30)
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=30)
    assert running.returncode == 130, err
