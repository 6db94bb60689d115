"""Evidence for kills by the kernel's out-of-memory killer, where a control group can be had."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from perfstress.cgroups import cgroup_folder
from perfstress.protocols import Target
from perfstress.targets import oom
from tests.support.waiting import wait_for

pytestmark = pytest.mark.live
Make = Callable[..., Target]

# Moves into the group, says that it is there, and takes more memory than the group has.
GREEDY = (
    "import os, sys; open(sys.argv[1] + '/cgroup.procs', 'w').write(str(os.getpid()));"
    "print('ready', flush=True); hold = bytearray(256 << 20); print(len(hold))"
)


@pytest.fixture
def group() -> Iterator[Path]:
    """A memory control group of 48 MiB."""
    own = cgroup_folder(os.getpid(), "memory")
    if own is None:
        pytest.skip("there is no memory control group to be seen")
    folder = own / f"perfstress-test-{uuid.uuid4().hex[:8]}"
    try:
        folder.mkdir()
        names = {path.name for path in folder.iterdir()}
        limit = "memory.max" if "memory.max" in names else "memory.limit_in_bytes"
        (folder / limit).write_text(str(48 << 20))
        for swap in ("memory.swap.max", "memory.memsw.limit_in_bytes"):
            if swap in names:
                (folder / swap).write_text("0" if swap == "memory.swap.max" else str(48 << 20))
    except OSError as error:
        with contextlib.suppress(OSError):
            folder.rmdir()
        pytest.skip(f"run as root, with the memory controller delegated, to test this: {error}")
    yield folder
    with contextlib.suppress(OSError):
        wait_for(lambda: not (folder / "cgroup.procs").read_text())
        folder.rmdir()


def test_a_kill_for_memory_is_proven(make: Make, group: Path) -> None:
    target = make(
        target={"command": ["python", "-c", GREEDY, str(group)], "ready": {"log": "ready"}}
    )
    target.start()
    end = wait_for(target.exited)
    assert end is not None
    assert (end.signal, end.asked) == ("SIGKILL", False)
    assert "out-of-memory killer" in end.out_of_memory
    assert "did not send" not in end.out_of_memory


def test_another_kill_is_not_taken_for_one() -> None:
    assert oom.Witness().evidence(os.getpid()) in (oom.FOREIGN, oom.UNPROVEN)
