"""What a target loses is found, whoever is asked for it, and nothing where nothing is lost."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest

from tests.support.project import Project
from tests.support.waiting import wait_for

pytestmark = pytest.mark.live

SUPPORT = Path(__file__).parent.parent / "support"
WHEN = ["before", "during", "after"]
BOUNDS = "moves <= fired.look and moves >= ok.look"


def served(project: Project, mode: str, that: str) -> None:
    """The server of two paths in this mode, one of them asked for."""
    project.document["target"]["command"] = [
        "python",
        str(SUPPORT / "sidebyside.py"),
        mode,
        "{port}",
    ]
    http = project.document["workload"]["http"]
    http["journeys"]["look"]["steps"] = [{"get": "/one", "expect": {"status": 200}}]
    project.document["shape"] |= {"arrivals": "poisson", "processes": 2}
    project.document["shape"]["stages"] = [{"name": "all", "rate": "100/s", "for": "6s"}]
    asked = {"get": "/stats", "that": that, "when": WHEN}
    project.document["success"] = ["errors.count == 0", {"invariant": asked}]


def hosted(project: Project, call: str, **asked: Any) -> None:
    """A hosted function, called by eight threads."""
    (project.root / "functions").symlink_to(SUPPORT, target_is_directory=True)
    project.document["target"] = {
        "python": {
            "call": f"forgetful:{call}",
            "setup": "forgetful:setup",
            "state": "forgetful:state",
        },
        "cwd": "functions",
        "env": {"SHOP": "{run}/shop.db"},
    }
    project.document["workload"] = {"calls": {}}
    project.document["production"]["concurrency"] = 8
    project.document["shape"] = {
        "model": "closed",
        "seed": 1,
        "stages": [{"name": "all", "users": 8, "ops": 3000, "for": "6s"}],
    }
    del project.document["shape"]["stages"][0]["for"]
    project.document["success"] = ["errors.count == 0", {"invariant": asked}]


def by_state(project: Project, call: str) -> None:
    hosted(project, call, that="state.counted == ok.call", when=WHEN)


def by_statement(project: Project, call: str) -> None:
    hosted(
        project,
        call,
        sql="select count(*) as orders from orders",
        dsn="sqlite:///{run}/shop.db",
        that="orders == ok.call",
        when=WHEN,
    )
    project.document["shape"]["stages"][0] |= {"ops": 400}


CASES = [
    ("equal", lambda project: served(project, "unguarded", "moves == ok.look"), True),
    (
        "equal-mended",
        lambda project: served(project, "unguarded-mended", "moves == ok.look"),
        False,
    ),
    ("bounds", lambda project: served(project, "unguarded", BOUNDS), True),
    ("bounds-mended", lambda project: served(project, "unguarded-mended", BOUNDS), False),
    ("state", lambda project: by_state(project, "unguarded"), True),
    ("state-mended", lambda project: by_state(project, "guarded"), False),
    ("statement", lambda project: by_statement(project, "forgotten"), True),
    ("statement-mended", lambda project: by_statement(project, "ordered"), False),
]


@pytest.mark.parametrize(("arrange", "is_lost"), [case[1:] for case in CASES], ids=lambda one: "")
def test_what_is_lost(project: Project, arrange: Any, is_lost: bool) -> None:
    arrange(project)
    code, verdict = project.verdict()
    found = [one for one in verdict["findings"] if one["fails"]]
    assert [one["class"] for one in found] == (["invariant"] if is_lost else []), verdict
    assert code == (1 if is_lost else 0)
    times = [one["when"] for one in project.events() if one["event"] == "invariant"]
    assert times[0] == "before"
    assert times[-1] == "after"


def test_a_run_that_is_interrupted_while_it_asks(project: Project) -> None:
    served(project, "unguarded-mended", BOUNDS)
    project.document["shape"]["stages"][0]["for"] = "60s"
    running = project.start()
    wait_for(project.under_load, within_s=30)
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=30)
    assert running.returncode == 130, err
