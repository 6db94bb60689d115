"""Workers that are replaced, as the probe counts them in a real tree of processes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from perfstress.probes.workers import SEEN_OFTEN, Workers
from perfstress.proctree import descendants
from tests.support.waiting import wait_for

pytestmark = pytest.mark.live

PARENT = """
import os, signal, sys, time
def child():
    pid = os.fork()
    if pid == 0:
        signal.pause()
    return pid
alive = [child(), child()]
for line in sys.stdin:
    if line.strip() == "replace":
        os.kill(alive[0], signal.SIGKILL); os.waitpid(alive[0], 0)
        alive[0] = child()
    elif line.strip() == "end":
        os.kill(alive[0], signal.SIGKILL); os.waitpid(alive.pop(0), 0)
    print(len(alive), flush=True)
for pid in alive:
    os.kill(pid, signal.SIGKILL)
"""


@pytest.fixture
def parent() -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    yield process
    process.communicate(timeout=10)


def tree(process: subprocess.Popen[str], size: int) -> tuple[int, ...]:
    wait_for(lambda: len(descendants([process.pid])) == size)
    return descendants([process.pid])


def ask(process: subprocess.Popen[str], what: str) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(what + "\n")
    process.stdin.flush()
    process.stdout.readline()


def seen(probe: Workers, pids: Callable[[], tuple[int, ...]], times: int = SEEN_OFTEN) -> object:
    for _ in range(times):
        values = probe.read(pids(), dear=False).values
    return values.get("recycled")


def test_a_worker_that_is_replaced_counts(parent: subprocess.Popen[str]) -> None:
    probe = Workers()
    assert seen(probe, lambda: tree(parent, 3)) is None
    ask(parent, "replace")
    assert seen(probe, lambda: tree(parent, 3)) == 1
    ask(parent, "replace")
    assert seen(probe, lambda: tree(parent, 3)) == 2
    assert probe.read(tree(parent, 3), dear=False).values["recycled.workers"] == 2
    assert probe.evidence(tree(parent, 3))["recycled"] == 2


def test_a_worker_that_only_ends_does_not(parent: subprocess.Popen[str]) -> None:
    probe = Workers()
    seen(probe, lambda: tree(parent, 3))
    ask(parent, "end")
    assert seen(probe, lambda: tree(parent, 2)) is None


def test_what_lives_for_one_reading_is_no_worker(parent: subprocess.Popen[str]) -> None:
    probe = Workers()
    probe.read(tree(parent, 3), dear=False)
    for _ in range(5):
        ask(parent, "replace")
        assert "recycled" not in probe.read(tree(parent, 3), dear=False).values


def test_no_process_at_all_is_nothing() -> None:
    assert Workers().read((), dear=True).values == {}
    assert Workers().read((os.getpid(),), dear=False).values == {}
