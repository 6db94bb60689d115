"""Planted leaks on real processes: found with their size, labelled, and gone afterwards."""

from __future__ import annotations

import json

import psutil
import pytest

from tests.support.project import Project
from tests.support.waiting import wait_for

pytestmark = pytest.mark.live

PLANTS = {
    "memory": ("64KiB/op", 65536.0),
    "fds": ("1/op", 1.0),
    "threads": ("1/10op", 0.1),
    "processes": ("1/20op", 0.05),
    "connections": ("1/5op", 0.2),
    "disk": ("8KiB/op", 8192.0),
}


def leakers() -> list[psutil.Process]:
    """Every leaking process of perfstress on this machine that belongs to nobody else's run."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        if "leaker.py" in (process.info["cmdline"] or ()):
            found.append(process)
    return found


def planted(project: Project, *names: str) -> list[str]:
    project.soak()
    (project.root / "kept").mkdir(exist_ok=True)
    project.document["target"]["disk"] = ["kept"]
    project.document["target"]["limits"] |= {"disk": "1GiB", "processes": 50, "connections": 900}
    words = []
    for name in names:
        words += ["--plant", f"{name}={PLANTS[name][0]}"]
    return [*words, "--no-confirm"]


def test_every_plant_is_found_with_its_size_and_the_run_is_labelled(project: Project) -> None:
    words = planted(project, *PLANTS)
    code, verdict = project.verdict(*words)
    assert code == 1, verdict["reasons"]
    seen = {one["resource"]: one for one in verdict["planted"]}
    assert set(seen) == set(PLANTS)
    for name, one in seen.items():
        assert one["found"], one["text"]
        assert one["per_op"] == pytest.approx(PLANTS[name][1])
    assert "PLANTED" in project.perfstress("report", "shop").stdout
    assert list((project.root / "kept").iterdir()) == []
    refused = project.perfstress("promote", "shop")
    assert refused.returncode == 2
    assert "a leak was planted in the run" in refused.stderr


def test_what_is_too_small_to_be_seen_is_said_to_be(project: Project) -> None:
    project.soak()
    code, verdict = project.verdict("--plant", "memory=1B/100op", "--no-confirm")
    [one] = verdict["planted"]
    assert not one["found"]
    assert "not found; the smallest that this run would have shown is" in one["text"]
    assert code == 0


@pytest.mark.parametrize(
    ("plant", "says"),
    [
        ("memory", "not of the form"),
        ("memory=4KiB", "not of the form"),
        ("memory=many/op", "not of the form"),
        ("memory=0B/op", "not of the form"),
        ("hope=1/op", "not of the form"),
        ("memory=1GiB/op", "are the most here"),
        ("disk=1KiB/op", "declares no path"),
    ],
)
def test_what_cannot_be_planted_is_refused_before_anything_runs(
    project: Project, plant: str, says: str
) -> None:
    project.soak()
    code, _, err = project.discover("--plant", plant)
    assert code == 2
    assert says in err
    assert "[bad-plant]" in err


def test_a_leak_ends_with_perfstress(project: Project) -> None:
    words = planted(project, "memory", "processes", "disk")
    mine = {one.pid for one in leakers()}
    process = project.start("--quiet", *words)
    wait_for(project.under_load)
    fresh = [one for one in leakers() if one.pid not in mine]
    assert fresh
    process.kill()
    process.communicate(timeout=30)
    _, alive = psutil.wait_procs(fresh, timeout=10)
    assert alive == []
    wait_for(lambda: list((project.root / "kept").iterdir()) == [])


def test_the_size_is_exact_and_the_run_can_be_judged_again(project: Project) -> None:
    words = planted(project, "memory", "disk")
    _, verdict = project.verdict(*words)
    for one in verdict["planted"]:
        assert one["measured"] == pytest.approx(PLANTS[one["resource"]][1], rel=0.05)
    again = project.perfstress("judge", "shop", "--json")
    assert json.loads(again.stdout)["planted"] == verdict["planted"]


def test_a_plant_ends_a_run_that_is_to_fail_fast_and_a_pass_takes_it_all(project: Project) -> None:
    words = planted(project, "fds")
    _, verdict = project.verdict(*words, "--fail-fast")
    assert verdict["verdict"] == "FAIL"
    done = {event["epoch"] for event in project.events() if event["event"] == "floor"}
    assert len(done) < 9
    assert any(event["event"] == "stopped-early" for event in project.events())
    code, verdict = project.verdict("--fail-fast")
    assert code == 0, verdict["reasons"]
    done = {event["epoch"] for event in project.events() if event["event"] == "floor"}
    assert len(done) == 10


def test_an_error_ends_a_run_that_allows_none(project: Project) -> None:
    project.mode("errors", "30")
    project.document["shape"]["stages"][0]["for"] = "60s"
    code, verdict = project.verdict("--fail-fast")
    assert code == 1
    assert [f["class"] for f in verdict["findings"] if f["fails"]] == ["error-objective"]
    assert verdict["load"]["requests"] < 3000
