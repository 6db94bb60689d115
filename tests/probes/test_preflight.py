"""What is said before a run, and what is refused."""

from __future__ import annotations

import resource
from collections.abc import Iterator

import pytest

from perfstress.errors import GuardTripped
from perfstress.example import WorkedExample
from perfstress.machine import memory_available_bytes
from perfstress.plan import epochs
from perfstress.probes import preflight as module
from perfstress.probes.preflight import open_files_limit, port_range
from tests.support.small import example


def preflight(one: WorkedExample) -> list[str]:
    return module.preflight(one, epochs(one))


CLOSED = {"shape__model": "closed"}


def users(count: int) -> dict[str, object]:
    return {**CLOSED, "shape__stages": [{"name": "all", "users": count, "for": "1s"}]}


def about(warnings: list[str], word: str) -> list[str]:
    return [warning for warning in warnings if word in warning]


def test_a_small_load_is_let_through() -> None:
    assert not about(preflight(example()), "descriptor")
    assert not about(preflight(example(**users(10))), "port")


def test_more_users_than_descriptors_are_refused() -> None:
    hard = open_files_limit()[1]
    if hard >= 1 << 30:
        pytest.skip("needs a limit of open files: ulimit -Hn 20000")
    with pytest.raises(GuardTripped) as caught:
        preflight(example(**users(hard)))
    assert f"{hard:,}" in caught.value.message
    assert caught.value.slug == "too-few-descriptors"
    assert "ulimit" in caught.value.hint


def test_a_ceiling_that_cannot_be_reached_is_a_warning() -> None:
    hard = open_files_limit()[1]
    if hard >= 1 << 30:
        pytest.skip("needs a limit of open files: ulimit -Hn 20000")
    [warning] = about(preflight(example(shape__max_in_flight=hard)), "descriptors")
    assert f"{hard:,}" in warning


def test_new_connections_use_up_the_ports() -> None:
    span = port_range()
    if span is None:
        pytest.skip("needs Linux: reads the range of ephemeral ports from /proc")
    ports = span[1] - span[0] + 1
    stages = [{"name": "all", "rate": f"{ports}/s", "for": "1s"}]
    often = example(shape__stages=stages, workload__http__keep_alive=False)
    [warning] = about(preflight(often), "ports")
    assert f"{ports:,}" in warning
    assert "within 1 s" in warning
    assert not about(preflight(example(shape__stages=stages)), "ports")


@pytest.fixture
def many_descriptors() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (before[0], 200_000))
    except (ValueError, OSError):
        pytest.skip("needs leave to raise the limit of open files: run as root")
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.usefixtures("many_descriptors")
def test_more_users_than_ports_are_refused() -> None:
    span = port_range()
    if span is None:
        pytest.skip("needs Linux: reads the range of ephemeral ports from /proc")
    with pytest.raises(GuardTripped) as caught:
        preflight(example(**users(span[1] - span[0] + 2)))
    assert caught.value.slug == "too-few-ports"


def test_a_limit_above_what_the_machine_has_is_a_warning() -> None:
    more = f"{memory_available_bytes() * 2}B"
    assert about(preflight(example(target__limits={"memory": more})), "memory")
    assert not about(preflight(example(target__limits={"memory": "1MiB"})), "memory")


def test_the_open_files_limit_is_this_process_own() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if resource.RLIM_INFINITY not in (soft, hard):
        assert open_files_limit() == (soft, hard)


def test_limits_hold_for_each_process() -> None:
    hard = open_files_limit()[1]
    if hard >= 1 << 30:
        pytest.skip("needs a limit of open files: ulimit -Hn 20000")
    divided = example(shape__max_in_flight=hard, shape__processes=2)
    assert not about(preflight(divided), "descriptors")
