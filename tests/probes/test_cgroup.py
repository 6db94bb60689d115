"""The control group probe on a folder of files as the kernel writes them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from perfstress.cgroups import cgroup_folder
from perfstress.probes.cgroup import Cgroup

STAT = "anon 4096\nfile 8192\nkernel_stack 16384\nsock 100\nshmem 0\nslab_unreclaimable 500\n"


@pytest.fixture
def group(tmp_path: Path) -> Path:
    (tmp_path / "memory.stat").write_text(STAT)
    (tmp_path / "memory.current").write_text("30000\n")
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "memory.events").write_text("low 0\noom 2\noom_kill 1\n")
    (tmp_path / "pids.current").write_text("7\n")
    (tmp_path / "cpu.stat").write_text("usage_usec 2500000\nthrottled_usec 500000\n")
    return tmp_path


def test_what_cannot_be_reclaimed_is_added_up(group: Path) -> None:
    values = Cgroup()._values(group)
    assert values["cgroup.held"] == 4096 + 16384 + 100 + 500
    assert values["cgroup.memory"] == 30000
    assert values["cgroup.memory.file"] == 8192
    assert (values["cgroup.tasks"], values["cgroup.oom_kills"]) == (7, 1)
    assert (values["cgroup.cpu_s"], values["cgroup.throttled_s"]) == (2.5, 0.5)


def test_a_group_without_the_memory_controller_cannot_be_read(tmp_path: Path) -> None:
    assert Cgroup()._values(tmp_path)["cgroup.held"] is None


def test_a_process_here_is_read_or_it_is_said_why_not() -> None:
    reading = Cgroup().read((os.getpid(),), dear=True)
    held = reading.values.get("cgroup.held")
    assert (held is None) == bool(reading.problem)


def test_no_limit_is_taken_from_a_group_that_is_shared() -> None:
    probe = Cgroup()
    probe._folder = cgroup_folder(os.getpid(), "memory")
    assert probe.limits() == {}
