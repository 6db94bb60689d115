"""Limits of control groups, in a group made for the test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from perfstress.cgroups import cgroup_cores, cgroup_folder, cgroup_value
from tests.support.victim import Victim, until

pytestmark = pytest.mark.live


@pytest.fixture
def memory_group() -> Iterator[Path]:
    """A control group of its own with 64 MiB of memory."""
    top = cgroup_folder(os.getpid(), "memory")
    if top is None:
        pytest.skip("needs control groups")
    folder = top / "perfstress-test"
    try:
        folder.mkdir()
    except OSError as error:
        pytest.skip(f"needs leave to make a control group: run as root ({error})")
    name = next(
        (name for name in ("memory.max", "memory.limit_in_bytes") if (folder / name).exists()), None
    )
    try:
        if name is None:
            pytest.skip("needs the memory controller in this control group")
        (folder / name).write_text(str(64 * 2**20))
        yield folder
    finally:
        until(lambda: _removed(folder), bool)


def _removed(folder: Path) -> bool:
    try:
        folder.rmdir()
    except OSError:
        return False
    return True


def test_the_limit_of_a_control_group_is_read(memory_group: Path) -> None:
    with Victim() as victim:
        (memory_group / "cgroup.procs").write_text(str(victim.pid))
        limit = cgroup_value(victim.pid, "memory", "memory.max", "memory.limit_in_bytes")
    assert limit == 64 * 2**20


def test_a_process_that_is_not_there_has_no_limits() -> None:
    assert cgroup_folder(2**22 + 1, "memory") is None
    assert cgroup_value(2**22 + 1, "memory", "memory.max") is None
    assert cgroup_cores(2**22 + 1) is None
