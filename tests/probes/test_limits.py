"""Limits, declared and real."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from perfstress.machine import host
from perfstress.probes.limits import resolve
from perfstress.procfs import LINUX
from perfstress.run import Limit
from tests.support.small import example
from tests.support.victim import until


@pytest.fixture
def limited() -> Iterator[int]:
    """A process that may have 77 open files."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (77, 99))

    with subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, preexec_fn=limit
    ) as process:
        yield process.pid
        process.kill()


def test_what_is_declared_comes_first() -> None:
    declared = {
        "memory": "512MiB",
        "open_files": 1024,
        "threads": 200,
        "processes": 8,
        "connections": 50,
        "disk": "10GiB",
    }
    assert resolve(example(target__limits=declared), [os.getpid()]) == {
        "memory": Limit(512 * 2**20, "declared limit of 512 MiB"),
        "open_files": Limit(1024, "declared limit of 1,024 open files"),
        "threads": Limit(200, "declared limit of 200 threads"),
        "processes": Limit(8, "declared limit of 8 processes"),
        "connections": Limit(50, "declared limit of 50 connections"),
        "disk": Limit(10 * 2**30, "declared limit of 10 GiB"),
    }


@pytest.mark.live
@pytest.mark.skipif(not LINUX, reason="needs Linux: reads /proc")
def test_else_the_process_own_limit_counts(limited: int) -> None:
    found = until(
        lambda: resolve(example(), [limited]), lambda found: found["open_files"].value == 77
    )
    assert found["open_files"] == Limit(77, "RLIMIT_NOFILE of 77")
    assert found["connections"] == found["open_files"]
    for order in ([limited, os.getpid()], [os.getpid(), limited]):
        assert resolve(example(), order)["open_files"].value == 77  # the first to run out


def test_without_processes_this_one_stands_in() -> None:
    found = resolve(example(), [])
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    assert found["open_files"].value == soft
    assert 0 < found["memory"].value <= host().memory_bytes
    assert found["memory"].name.endswith("iB")
    assert found["threads"].value > 1
    assert found["threads"] == found["processes"]
    assert "disk" not in found


def test_a_declared_path_may_fill_what_is_free(tmp_path: Path) -> None:
    (tmp_path / "spool").write_bytes(bytes(2**20))
    one = resolve(example(target__disk=[str(tmp_path)]), [], None)["disk"]
    two = resolve(example(target__disk=["{run}/spool"]), [], [tmp_path / "spool"])["disk"]
    system = os.statvfs(tmp_path)
    for limit in (one, two):
        assert limit.value == pytest.approx(system.f_bavail * system.f_frsize, rel=0.2)
        assert str(tmp_path) in limit.name
