"""Trees of real processes."""

from __future__ import annotations

import os
import socket

import pytest

from perfstress import procfs, proctree
from perfstress.errors import TargetError
from tests.support.victim import Victim

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(not procfs.LINUX, reason="needs Linux: reads /proc"),
]


def test_a_tree_has_its_root_children_and_grandchildren(victim: Victim) -> None:
    children = victim.do("children", count=3)["pids"]
    orphan = victim.do("orphan")
    found = proctree.descendants([victim.pid])
    assert found[0] == victim.pid
    assert set(found) == {victim.pid, *children, orphan["parent"], orphan["grandchild"]}


def test_both_ways_of_finding_a_tree_agree(victim: Victim) -> None:
    victim.do("children", count=2)
    victim.do("zombies", count=1)
    found = proctree.descendants([victim.pid])
    assert len(found) == 4
    assert set(proctree._descendants_by_parent([victim.pid])) == set(found)
    assert set(proctree._descendants_psutil([victim.pid])) == set(found)


def test_a_process_of_many_threads_is_followed_too(victim: Victim) -> None:
    victim.do("threads", count=proctree._THREADS_WALKED + 5)
    children = victim.do("children", count=1)["pids"]
    assert proctree._children_of(victim.pid) is None
    assert proctree.descendants([victim.pid]) == (victim.pid, *children)


def test_children_of_a_second_thread_are_found(victim: Victim) -> None:
    first = victim.do("children", count=1)["pids"]
    second = victim.do("children", count=2, in_thread=True)["pids"]
    assert set(proctree.descendants([victim.pid])) == {victim.pid, *first, *second}


def test_roots_that_are_gone_or_twice_there_do_not_disturb(victim: Victim) -> None:
    with Victim() as other:
        gone = other.pid
    assert proctree.descendants([gone]) == ()
    assert proctree.descendants([gone, victim.pid, victim.pid]) == (victim.pid,)
    assert proctree.descendants([]) == ()


def test_a_zombie_is_in_the_tree_but_not_alive(victim: Victim) -> None:
    [zombie] = victim.do("zombies", count=1)["pids"]
    assert zombie in proctree.descendants([victim.pid])
    assert not proctree.alive(zombie, None)


def test_alive_tells_a_process_from_a_later_one_of_the_same_number(victim: Victim) -> None:
    started = proctree.start_time(victim.pid)
    assert started is not None
    assert proctree.alive(victim.pid, started)
    assert proctree.alive(victim.pid, None)
    assert not proctree.alive(victim.pid, started + 1)
    victim.kill()
    assert not proctree.alive(victim.pid, started)
    assert proctree.start_time(victim.pid) is None
    with pytest.raises(TargetError, match=str(victim.pid)):
        proctree.require_alive(victim.pid)


def test_nothing_is_told_of_a_process_that_is_gone() -> None:
    with Victim() as victim:
        pid = victim.pid
    assert proctree.count_descriptors(pid) is None
    assert proctree.figures_of(pid) is None


def test_the_listener_of_a_port_is_found(victim: Victim) -> None:
    port = victim.do("listen")["port"]
    assert proctree.listener_of(port) == victim.pid
    assert proctree._holders_psutil(port) == [victim.pid]


def test_of_forked_workers_the_parent_is_the_listener(victim: Victim) -> None:
    port = victim.do("listen")["port"]
    workers = victim.do("fork", count=3)["pids"]
    assert set(proctree._holders(port)) == {victim.pid, *workers}
    assert proctree.listener_of(port) == victim.pid


def test_a_listener_on_ipv6_is_found() -> None:
    if not socket.has_ipv6:
        pytest.skip("needs IPv6")
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as server:
        assert proctree.listener_of(server.getsockname()[1]) == os.getpid()


def test_nobody_listens_on_a_port_that_was_closed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert proctree.listener_of(port) is None


def test_psutil_tells_the_same_as_proc(victim: Victim) -> None:
    victim.do("threads", count=2)
    figures = proctree.figures_of(victim.pid)
    assert figures is not None
    assert figures.threads == 3
    assert figures.descriptors == proctree.count_descriptors(victim.pid)
    assert not figures.is_zombie
