"""The noise of this machine, measured on a real entry."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.versions import NAME, Versions

pytestmark = pytest.mark.live


def perfstress(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "perfstress", *words],
        cwd=root,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=150,
    )


def test_repeated_runs_are_kept_by_machine_and_say_what_would_be_seen(tmp_path: Path) -> None:
    versions = Versions(tmp_path / "project", ops=500)
    done = perfstress(versions.root, "calibrate", "--times", "4", "--commit", "--json")
    assert done.returncode == 0, done.stderr
    [entry] = json.loads(done.stdout)["entries"]
    assert (entry["name"], entry["runs"]) == (NAME, 4)
    seen = {one["metric"]: one["minimum_detectable"] for one in entry["metrics"]}
    assert seen["response.p50"] >= 0.05
    assert seen["errors.rate"] == 0.001
    for folder in (".perfstress/noise/", "regressions/noise-"):
        assert (versions.root / f"{folder}{entry['machine']}.json").is_file()
    listed = perfstress(versions.root, "replay", "--dry-run")
    assert "1 of 1 entries" in listed.stdout


def test_too_few_runs_and_unknown_names_are_refused(tmp_path: Path) -> None:
    versions = Versions(tmp_path / "project")
    few = perfstress(versions.root, "calibrate", "--times", "3")
    assert (few.returncode, "[bad-times]" in few.stderr) == (2, True)
    unknown = perfstress(versions.root, "calibrate", "nope")
    assert (unknown.returncode, "[no-entry]" in unknown.stderr) == (2, True)
