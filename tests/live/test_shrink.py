"""Failing runs made smaller, in real processes and real repositories."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.live.test_library import repository
from tests.support.project import Project, heed_interrupts

pytestmark = pytest.mark.live

LEAKY = """\
import os

kept = []


def call(i):
    if "MENDED" not in os.environ:
        kept.append(os.open(os.devnull, os.O_RDONLY))
"""


def promoted(project: Project) -> None:
    """Promote it, once more where a busy machine leaves the second run open."""
    for _ in range(3):
        done = project.perfstress("promote", "shop")
        if done.returncode == 0:
            return
    pytest.fail(done.stderr)


def two_journeys(project: Project) -> None:
    journeys = project.document["workload"]["http"]["journeys"]
    journeys["peek"] = {"steps": [{"get": "/peek", "expect": {"status": 200}}]}


@pytest.mark.slow  # eight soaks; worked_examples/shrunk-leak.yaml shows the same and more
@pytest.mark.timeout(600)
def test_a_leak_is_shrunk_until_the_budget_ends_and_proven(project: Project) -> None:
    (project.root / "leaky.py").write_text(LEAKY)
    project.soak()
    project.document["target"] = {
        "python": {"call": "leaky:call"},
        "cwd": str(project.root),
        "limits": {"memory": "512MiB", "open_files": 10_000, "threads": 50},
    }
    project.document["workload"] = {"calls": {}}
    code, verdict = project.verdict("--no-confirm")
    assert code == 1, verdict["reasons"]
    words = ("shrink", "shop", "--set", "target.env.MENDED=1", "--budget", "2m", "--json")
    done = project.perfstress(*words, within_s=500)
    assert done.returncode == 0, done.stderr
    shrunk = json.loads(done.stdout)
    assert shrunk["finding"] == {"class": "fd-growth", "resource": "fds"}
    assert shrunk["steps"][0] == "4 epochs in place of 8"
    assert shrunk["proven"] is True
    assert shrunk["after"]["epochs"] < shrunk["before"]["epochs"]
    smoke = yaml.safe_load(Path(shrunk["kept"]).read_text())
    assert "reduced" in smoke["production"]["waive"]["duration"]
    assert "there was no commit" in done.stderr


@pytest.mark.slow  # a dozen short runs
@pytest.mark.timeout(400)
def test_a_proven_shape_becomes_the_smoke_test_of_its_regression(project: Project) -> None:
    two_journeys(project)
    repository(project)
    assert project.verdict()[0] == 0
    promoted(project)
    service = project.root / "service" / "service.py"
    well = service.read_text()
    broken = well.replace("self.served <= self.after", "self.served <= 20")
    service.write_text(broken.replace('self.mode == "errors"', "True"))
    project.commit("broken")
    code, verdict = project.verdict("--no-confirm")
    assert code == 1
    service.write_text(well + "\n")
    project.commit("mended")
    words = ("shrink", verdict["run"], "--mended", "HEAD", "--budget", "40s")
    done = project.perfstress(*words)
    assert done.returncode == 0, done.stderr
    assert "proven" in done.stdout
    assert "journeys    2 -> 1" in done.stdout
    entry = project.root / "regressions" / "shop"
    assert f"kept        {entry / 'smoke.yaml'}" in done.stdout
    baseline = json.loads((entry / "baseline.json").read_text())
    assert "smoke.yaml" in baseline["files"]
    assert baseline["smoke_seconds"] > 0
    linted = project.perfstress("lint", str(entry / "smoke.yaml"))
    assert linted.returncode == 0, linted.stdout
    assert "reduced: a shrunk shape" in linted.stdout
    replayed = project.perfstress("replay", "--json")
    assert replayed.returncode == 0, replayed.stderr
    run = Path(json.loads(replayed.stdout)["entries"][0]["run"])
    assert (run / "example.yaml").read_text() == (entry / "smoke.yaml").read_text()
    assert not list((project.root / ".perfstress" / "worktrees").glob("*"))


def test_what_passes_by_now_cannot_be_shrunk(project: Project) -> None:
    project.mode("errors", "20")
    assert project.verdict()[0] == 1
    done = project.perfstress("shrink", "shop", "--set", "target.env.X=1", "--json")
    assert done.returncode == 125
    told = json.loads(done.stdout)
    assert (told["kept"], told["proven"], told["steps"]) == (None, False, [])
    assert "the mended side does not pass the whole example" in done.stderr


def test_the_best_so_far_is_kept_when_it_is_interrupted(project: Project) -> None:
    two_journeys(project)
    project.mode("errors", "20")
    assert project.verdict()[0] == 1
    process = subprocess.Popen(
        [sys.executable, "-m", "perfstress", "shrink", "shop"],
        cwd=project.root,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_interrupts,
    )
    project.started.append(process)
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("  what is left, again: still fails"):
            break
    assert process.stderr.readline()  # of the next try: by then what was confirmed is taken
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert "unproven" in out
    kept = next(line.split()[-1] for line in out.splitlines() if line.startswith("  kept"))
    journeys = yaml.safe_load(Path(kept).read_text())["workload"]["http"]["journeys"]
    assert len(journeys) == 1
