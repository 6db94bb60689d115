"""What grows with the work is found by its class, and the mended twin is left alone."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support import growing, labelled
from tests.support.project import Project

pytestmark = pytest.mark.live

OPS = 4_000


def soak(function: str, *, success: str = "growth == none", **target: Any) -> Callable[..., Path]:
    """Makes a soak of a function in eight epochs, in one process."""

    def make(project: Project) -> Path:
        shutil.copy(growing.__file__, project.root / "growing.py")
        project.document["kind"] = "soak"
        project.document["production"] |= {"operations": OPS, "horizon": "2h"}
        project.document["target"] = {
            "python": {"call": f"growing:{function}", "setup": "growing:listen"},
            "cwd": str(project.root),
            "limits": {
                "memory": "512MiB",
                "open_files": 2000,
                "threads": 500,
                "processes": 200,
                "connections": 1000,
                "disk": "100MiB",
            },
            **target,
        }
        if "state" in target.get("python", {}):
            project.document["target"]["python"] = {
                "call": f"growing:{function}",
                "state": "growing:state",
            }
        project.document["workload"] = {"calls": {}}
        project.document["shape"] = {
            "model": "closed",
            "seed": 1,
            "epochs": 8,
            "stages": [
                {"name": "warm-up", "users": 1, "ops": 500, "warmup": True},
                {"name": "work", "users": 1, "ops": OPS},
            ],
            "timeout": "10s",
        }
        project.document["success"] = ["errors.count == 0", success]
        project.file.write_text(yaml.safe_dump(project.document))
        return project.file

    return make


def labels(mode: str) -> Callable[..., Path]:
    """Makes a soak of a service with a page of metrics."""

    def make(project: Project) -> Path:
        project.soak()
        project.document["hunts"] = ["series-growth"]
        project.document["production"] |= {"operations": 1600}
        project.document["shape"]["stages"][1]["ops"] = 1600
        project.document["target"] |= {
            "command": ["python", labelled.__file__, "{port}", mode],
            "probes": [{"prometheus": "http://127.0.0.1:{port}/metrics"}],
        }
        project.file.write_text(yaml.safe_dump(project.document))
        return project.file

    return make


def served(mode: str, after: str = "100") -> Callable[..., Path]:
    """Makes a little load on the small service in one of its modes."""

    def make(project: Project) -> Path:
        project.mode(mode, after)
        if mode == "hang":
            stage = {"name": "all", "users": 2, "ops": 100_000}
            project.document["shape"] = {
                "model": "closed",
                "seed": 1,
                "stages": [stage],
                "timeout": "1s",
            }
        project.file.write_text(yaml.safe_dump(project.document))
        return project.file

    return make


DISK = {"disk": ["data"], "env": {"GROWING_FOLDER": "data"}}
STATE = {"python": {"state": True}}

CASES: list[tuple[str, Callable[[Project], Path], str | None]] = [
    ("memory", soak("memory_kept"), "memory-growth"),
    ("memory-mended", soak("memory_given_back"), None),
    ("descriptors", soak("descriptor_kept"), "fd-growth"),
    ("descriptors-mended", soak("descriptor_given_back"), None),
    ("threads", soak("thread_kept"), "thread-growth"),
    ("threads-mended", soak("thread_given_back"), None),
    ("processes", soak("process_kept"), "process-growth"),
    ("processes-mended", soak("process_given_back"), None),
    ("connections", soak("connection_kept"), "connection-growth"),
    ("connections-mended", soak("connection_given_back"), None),
    ("disk", soak("disk_kept", **DISK), "disk-growth"),
    ("disk-mended", soak("disk_given_back", **DISK), None),
    (
        "gauge",
        soak("gauge_kept", success='gauge("state.kept").growth == none', **STATE),
        "gauge-growth",
    ),
    ("gauge-mended", soak("gauge_given_back", success="growth == none", **STATE), None),
    ("labels", labels("kept"), "series-growth"),
    ("labels-mended", labels("shared"), None),
    ("crash", served("die"), "crash"),
    ("errors", served("errors"), "error-objective"),
    ("hang", served("hang"), "hang"),
    ("served-well", served("well"), None),
    ("drift", soak("slower", success="drift == none"), "latency-drift"),
    ("drift-mended", soak("as_fast", success="drift == none"), None),
    ("late", soak("late", success="response.p99 < 10ms"), "latency-objective"),
    ("late-mended", soak("in_time", success="response.p99 < 10ms"), None),
    ("heavy", soak("heavy", success="memory.max < 64MiB"), "objective"),
    ("heavy-mended", soak("in_time", success="memory.max < 64MiB"), None),
]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(("name", "make", "expected"), CASES, ids=[case[0] for case in CASES])
def test_what_grows_is_found_and_what_does_not_is_left_alone(
    name: str, make: Callable[[Project], Path], expected: str | None, project: Project
) -> None:
    (project.root / "data").mkdir()
    make(project)
    code, verdict = project.verdict("--no-confirm")
    failing = [finding["class"] for finding in verdict["findings"] if finding["fails"]]
    if expected is None:
        assert (code, failing) == (0, []), (verdict["reasons"], verdict["findings"])
    else:
        assert code == 1, verdict["reasons"]
        assert expected in failing, verdict["findings"]
