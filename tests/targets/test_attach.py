"""Targets that run already: found, watched, and left alone."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from perfstress.errors import GuardTripped, TargetError
from perfstress.protocols import Target
from perfstress.targets.command import free_port
from perfstress.targets.readiness import accepts
from tests.support.waiting import wait_for

pytestmark = pytest.mark.live

SERVER = Path(__file__).parent.parent / "support" / "server.py"
Make = Callable[..., Target]


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def running(port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Somebody else's server."""
    process = subprocess.Popen([sys.executable, str(SERVER), str(port)])
    wait_for(lambda: accepts(port))
    yield process
    process.kill()
    process.wait()


def attached(make: Make, **attach: object) -> Target:
    target = make(target={"attach": attach})
    target.start()
    target.wait_ready()
    return target


@pytest.mark.parametrize("by", ["pid", "port"])
def test_found_watched_and_left_alone(
    make: Make, running: subprocess.Popen[bytes], port: int, by: str
) -> None:
    target = attached(make, **{by: running.pid if by == "pid" else port})
    assert target.roots() == (running.pid,)
    assert target.facts()["pids"] == [running.pid]
    assert target.exited() is None
    assert target.stop() is None
    assert running.poll() is None
    if by == "port":
        assert target.values["port"] == str(port)


def test_a_pid_that_vanishes_is_an_exit(make: Make, running: subprocess.Popen[bytes]) -> None:
    target = attached(make, pid=running.pid)
    running.kill()
    running.wait()
    end = target.exited()
    assert end is not None
    assert (end.code, end.signal, end.asked) == (None, None, False)
    assert target.exited() == end
    assert target.roots() == ()


def test_a_zombie_has_vanished_too(make: Make, running: subprocess.Popen[bytes]) -> None:
    target = attached(make, pid=running.pid)
    running.kill()
    assert wait_for(target.exited) is not None


def test_an_address_has_no_processes(
    make: Make, running: subprocess.Popen[bytes], port: int
) -> None:
    target = attached(make, url=f"http://127.0.0.1:{port}/")
    assert target.roots() == ()
    assert target.exited() is None
    assert target.log_tail() == []
    assert target.facts()["url"] == f"http://127.0.0.1:{port}/"


@pytest.mark.parametrize(
    ("attach", "slug"),
    [({"pid": 1 << 22}, "no-such-process"), ({"port": 1}, "no-listener")],
    ids=["pid", "port"],
)
def test_not_there(make: Make, attach: dict[str, int], slug: str) -> None:
    with pytest.raises(TargetError) as raised:
        attached(make, **attach)
    assert raised.value.slug == slug
    assert str(next(iter(attach.values()))) in raised.value.message


def test_a_foreign_address(make: Make) -> None:
    with pytest.raises(GuardTripped):
        attached(make, url="http://192.0.2.1/")


def test_it_has_no_log_to_wait_for(make: Make) -> None:
    target = make(target={"attach": {"pid": os.getpid()}, "ready": {"log": "up"}})
    target.start()
    with pytest.raises(TargetError) as raised:
        target.wait_ready()
    assert raised.value.slug == "no-log"


def test_not_ready(make: Make) -> None:
    ready = {"port": free_port(), "within": "200ms"}
    target = make(target={"attach": {"pid": os.getpid()}, "ready": ready})
    target.start()
    with pytest.raises(TargetError) as raised:
        target.wait_ready()
    assert raised.value.slug == "never-ready"
