"""The servers that tests start end with the tests, however these end."""

from __future__ import annotations

import getpass
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from perfstress.procfs import LINUX
from perfstress.proctree import alive, start_time
from tests.support import keeper
from tests.support.waiting import wait_for

pytestmark = pytest.mark.live

# What a test does that starts a server, says which processes it has, and is then killed.
PARENT = """
import subprocess, sys, time
kept = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, start_new_session=True)
print(kept.pid, flush=True)
time.sleep(60)
"""


def kept(folder: Path) -> list[str]:
    """The command of a keeper, whose server says in a file which process it is."""
    says = f"echo $$ > {folder}.pid; exec sleep 60"
    return [sys.executable, keeper.__file__, getpass.getuser(), str(folder), "sh", "-c", says]


def server_of(folder: Path) -> int:
    """The process of the server, once it is there."""
    file = Path(f"{folder}.pid")
    return int(wait_for(lambda: file.exists() and file.read_text().strip()))


def test_the_server_ends_when_the_tests_are_killed(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    command = [sys.executable, "-c", PARENT, *kept(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        keeping = int(parent.stdout.readline())
        server = server_of(folder)
        started, kept_since = start_time(server), start_time(keeping)
        assert alive(server, started)
        parent.kill()
    wait_for(lambda: not alive(server, started))
    wait_for(lambda: not alive(keeping, kept_since))
    assert not folder.exists()


def test_a_server_is_stopped_though_the_tests_run_in_the_background(tmp_path: Path) -> None:
    """A shell has what it starts there ignore SIGQUIT."""
    folder = tmp_path / "data"
    folder.mkdir()

    def deaf() -> None:
        signal.signal(signal.SIGQUIT, signal.SIG_IGN)

    keeping = subprocess.Popen(kept(folder), stdin=subprocess.PIPE, preexec_fn=deaf)
    server = server_of(folder)
    started = start_time(server)
    assert keeping.stdin is not None
    keeping.stdin.close()
    assert keeping.wait(timeout=keeper.STOPS_WITHIN_S / 2) == 0
    assert not alive(server, started)


@pytest.mark.skipif(not LINUX, reason="needs Linux: the kernel has to end it")
def test_the_server_ends_when_its_keeper_is_killed(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    with subprocess.Popen(kept(folder), stdin=subprocess.PIPE) as keeping:
        server = server_of(folder)
        started = start_time(server)
        os.kill(keeping.pid, signal.SIGKILL)
        wait_for(lambda: not alive(server, started))
    assert folder.exists()  # nobody was left to remove it


def test_the_keeper_ends_with_its_server(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    command = [sys.executable, keeper.__file__, getpass.getuser(), str(folder), "true"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as keeping:
        assert keeping.wait(10) == 0
    assert not folder.exists()
