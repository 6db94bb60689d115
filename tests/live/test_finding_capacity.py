"""Climbs on real processes: the knee, a collapse told from a plateau, and what does not come back.

Each defect has a twin that refuses what it cannot carry, at which nothing is found.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.project import Project

pytestmark = pytest.mark.live

SERVICE = Path(__file__).parents[1] / "support" / "overloaded.py"


def stress(mode: str, *success: str, hunts: tuple[str, ...] = ()) -> Callable[[Project], Path]:
    """Makes a stress of a service that carries 150 requests a second."""

    asked = " ".join(success)

    def make(project: Project) -> Path:
        document = project.document
        document["kind"] = "stress"
        document["hunts"] = list(hunts)
        document["production"] |= {"rate": "50/s"}
        document["target"]["command"] = ["python", str(SERVICE), "{port}", mode, "150"]
        document["target"]["ready"] = {"get": "/ready", "within": "10s"}
        document["shape"] |= {
            "stages": [
                {"name": "ordinary", "rate": "50/s", "for": "3s"},
                {
                    "name": "climb",
                    "climb": {"from": "80/s", "to": "4000/s", "factor": 2.5, "each": "3s"},
                },
                {
                    "name": "afterwards",
                    "rate": "50/s",
                    "for": "6s" if "recovery" in asked else "2s",
                },
            ],
            "max_in_flight": 5000,
            "timeout": "1s",
        }
        document["success"] = list(success)
        project.file.write_text(yaml.safe_dump(document))
        return project.file

    return make


COLLAPSE = ("throughput-collapse",)
METASTABLE = ("no-recovery",)

# Name, what makes the example, and the class that has to be found (None: none that fails, exit 0).
CASES: list[tuple[str, Callable[[Project], Path], str | None]] = [
    ("knee too low", stress("shed", "knee >= 400/s"), "knee"),
    ("knee high enough", stress("shed", "knee >= 75/s"), None),
    (
        "thrashing collapses",
        stress("thrash", "knee >= 50/s", hunts=COLLAPSE),
        "throughput-collapse",
    ),
    ("a bounded queue does not", stress("shed", "knee >= 50/s", hunts=COLLAPSE), None),
    ("retries for ever", stress("retry", "recovery < 5s after climb"), "no-recovery"),
    ("back by itself", stress("shed", "recovery < 5s after climb", hunts=METASTABLE), None),
]


def failing(verdict: dict[str, Any]) -> list[str]:
    return [finding["class"] for finding in verdict["findings"] if finding["fails"]]


@pytest.mark.parametrize(("name", "make", "expected"), CASES, ids=[case[0] for case in CASES])
def test_what_breaks_is_found_and_what_refuses_is_not(
    name: str, make: Callable[[Project], Path], expected: str | None, project: Project
) -> None:
    make(project)
    code, verdict = project.verdict()
    if expected is None:
        assert (code, failing(verdict)) == (0, []), verdict["reasons"]
    else:
        assert code == 1, verdict["reasons"]
        assert expected in failing(verdict)
    stuck = [one["label"] for one in verdict["findings"] if one["class"] == "no-recovery"]
    assert stuck == (["METASTABLE"] if expected == "no-recovery" else [])
    [knee] = [finding for finding in verdict["findings"] if finding["class"] == "knee"]
    if expected in (None, "knee"):  # what thrashes or retries may be tipped over by a busy machine
        assert knee["limit"] == 80.0
    [over] = [event for event in project.events() if event["event"] == "climb-ended"]
    assert over["left_out"]
