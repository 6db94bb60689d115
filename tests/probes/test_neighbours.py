"""The CPU time of what is neither the target nor perfstress, of real processes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from perfstress.probes.neighbours import Neighbours

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the kernel of Linux tells it")

BURNT_S = 0.5
BURN = f"import time\nwhile time.process_time() < {BURNT_S}: pass\nopen('done', 'w').close()"
SLACK_S = 0.1  # both are counted in hundredths of a second


def machine_s() -> float:
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    return sum(int(fields[at]) for at in (0, 1, 2, 5, 6, 7)) / os.sysconf("SC_CLK_TCK")


def test_who_does_not_belong_to_it_is_counted(tmp_path: Path) -> None:
    probe = Neighbours()
    assert probe.read([], False).values == {"neighbours_s": 0.0}
    # The shell ends at once, so that nobody here is its child's parent any more.
    subprocess.run(
        ["sh", "-c", '"$0" -c "$1" &', sys.executable, BURN], cwd=tmp_path, check=True, timeout=30
    )
    until = time.monotonic() + 60
    while not (tmp_path / "done").exists() and time.monotonic() < until:
        time.sleep(0.05)
    assert (probe.read([], False).values["neighbours_s"] or 0) >= BURNT_S - SLACK_S


def test_perfstress_and_its_children_are_no_neighbours(tmp_path: Path) -> None:
    probe = Neighbours()
    probe.read([], False)
    before_s = machine_s()
    child = subprocess.Popen([sys.executable, "-c", BURN], cwd=tmp_path)
    until_s = time.process_time() + BURNT_S
    while time.process_time() < until_s or not (tmp_path / "done").exists():
        pass
    theirs_s = probe.read([], False).values["neighbours_s"] or 0.0
    ours_s = machine_s() - before_s - theirs_s
    child.wait(30)
    assert ours_s >= 2 * BURNT_S - SLACK_S


def test_it_never_runs_backwards() -> None:
    probe = Neighbours()
    seen = [probe.read([os.getpid()], False).values["neighbours_s"] or 0.0 for _ in range(20)]
    assert seen == sorted(seen)
