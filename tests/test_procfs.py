"""What the kernel tells of real processes."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from perfstress import procfs
from tests.support.victim import Victim, until

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(not procfs.LINUX, reason="needs Linux: reads /proc"),
]


def test_a_name_with_brackets_does_not_confuse_the_stat_line(tmp_path: Path) -> None:
    program = tmp_path / "a) R 1 (b"
    sleep = shutil.which("sleep")
    assert sleep is not None
    program.symlink_to(sleep)
    with subprocess.Popen([program, "60"]) as process:
        try:
            stat = until(
                lambda: procfs.stat_of(process.pid),
                lambda stat: stat is not None and stat.state == "S",
            )
        finally:
            process.kill()
    assert stat is not None
    assert (stat.parent, stat.state) == (os.getpid(), "S")


def test_descriptors_are_counted_and_listed(victim: Victim, tmp_path: Path) -> None:
    before = procfs.count_descriptors(victim.pid)
    assert before is not None
    victim.do("files", count=50, path=str(tmp_path / "log"))
    assert procfs.count_descriptors(victim.pid) == before + 50
    links = [link for _, link in procfs.descriptors_of(victim.pid)]
    assert links.count(str(tmp_path / "log")) == 50
    assert len(links) == before + 50


def test_nothing_is_read_of_a_process_that_is_gone() -> None:
    with Victim() as victim:
        pid = victim.pid
    assert procfs.count_descriptors(pid) is None
    assert procfs.read_descriptors(pid) is None
    assert procfs.descriptors_of(pid) == []
    assert procfs.stat_of(pid) is None
