"""The process probe on a real process that holds a known number of each thing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from perfstress.probes.process import CHEAP, CpuClock, Process, kind_of
from perfstress.procfs import LINUX, Stat
from perfstress.proctree import descendants
from perfstress.protocols import Reading
from tests.support.victim import Victim, until

needs_linux = pytest.mark.skipif(not LINUX, reason="needs Linux: reads /proc")
MIB = 2**20


def read(victim: Victim, *, dear: bool = False) -> dict[str, float]:
    reading = Process().read(descendants([victim.pid]), dear)
    assert reading.problem == ""
    return {name: value for name, value in reading.values.items() if value is not None}


@needs_linux
@pytest.mark.live
class TestExactNumbers:
    def test_descriptors(self, victim: Victim, tmp_path: Path) -> None:
        before = read(victim, dear=True)
        victim.do("files", count=40, path=str(tmp_path / "export.csv"))
        victim.do("others", pipes=3, eventfds=2)
        victim.do("unix", count=4)
        after = read(victim, dear=True)
        grown = {name: after[name] - before.get(name, 0) for name in after}
        assert grown["fds"] == 40 + 6 + 2 + 8
        assert grown["fds.file"] == 40
        assert grown["fds.pipe"] == 6
        assert grown["fds.eventfd"] == 2
        assert grown["fds.socket"] == 8

    def test_a_type_that_has_gone_is_zero_and_not_absent(self, victim: Victim) -> None:
        probe = Process()
        victim.do("others", eventfds=2)
        assert probe.read([victim.pid], True).values["fds.eventfd"] == 2
        victim.do("let_go")
        assert probe.read([victim.pid], True).values["fds.eventfd"] == 0

    def test_threads(self, victim: Victim) -> None:
        before = read(victim)
        victim.do("threads", count=7)
        assert read(victim)["threads"] - before["threads"] == 7

    def test_processes_and_zombies_are_counted_apart(self, victim: Victim) -> None:
        victim.do("children", count=3)
        victim.do("zombies", count=2)
        values = read(victim)
        assert values["processes"] == 4
        assert values["zombies"] == 2
        assert values["threads"] == 4

    def test_memory(self, victim: Victim) -> None:
        before = read(victim, dear=True)
        victim.do("memory", size=64 * MIB)
        after = read(victim, dear=True)
        for name in ("memory", "memory.rss", "memory.pss"):
            # RssAnon is a per-CPU counter: right to some pages only.
            assert abs(after[name] - before[name] - 64 * MIB) < MIB, name
        assert after["memory.peak"] >= after["memory.rss"]
        assert after["maps"] > 0

    def test_memory_is_summed_over_the_tree(self, victim: Victim) -> None:
        alone = read(victim)
        victim.do("children", count=2)
        both = until(lambda: read(victim), lambda values: values["memory"] > alone["memory"] + MIB)
        assert both["memory"] > alone["memory"] + MIB


@needs_linux
@pytest.mark.live
class TestEvidence:
    def test_files_are_grouped_by_path_the_most_frequent_first(
        self, victim: Victim, tmp_path: Path
    ) -> None:
        victim.do("files", count=30, path=str(tmp_path / "export.csv"))
        victim.do("files", count=5, path=str(tmp_path / "other.csv"))
        victim.do("deleted", count=1, size=10)
        facts = Process().evidence([victim.pid])
        assert facts["files"][:2] == [
            {"path": str(tmp_path / "export.csv"), "count": 30, "deleted": False},
            {"path": str(tmp_path / "other.csv"), "count": 5, "deleted": False},
        ]
        assert [file["count"] for file in facts["files"] if file["deleted"]] == [1]
        assert facts["descriptors"]["file"] >= 36

    def test_only_so_many_paths_are_named(self, victim: Victim, tmp_path: Path) -> None:
        for number in range(25):
            victim.do("files", count=1, path=str(tmp_path / f"{number}"))
        facts = Process().evidence([victim.pid])
        assert len(facts["files"]) == 20
        assert facts["paths_in_all"] >= 25

    def test_each_process_is_named(self, victim: Victim) -> None:
        victim.do("threads", count=2)
        [facts] = Process().evidence([victim.pid])["processes"]
        assert facts["pid"] == victim.pid
        assert "victim.py" in facts["command"]
        assert facts["threads"] == 3


@pytest.mark.live
class TestWhatCannotBeRead:
    def test_a_dead_target_has_none_and_not_zero(self, victim: Victim) -> None:
        probe = Process()
        probe.read([victim.pid], True)
        victim.kill()
        for pids in ([victim.pid], []):
            reading = probe.read(pids, True)
            assert set(CHEAP) <= set(reading.values)
            assert set(reading.values.values()) == {None}
            assert reading.problem == ""

    @needs_linux
    def test_a_process_that_was_not_waited_for_is_dead(self, victim: Victim) -> None:
        os.kill(victim.pid, signal.SIGKILL)
        reading = until(
            lambda: Process().read([victim.pid], False),
            lambda reading: reading.values["memory"] is None,
        )
        assert reading == Reading(dict.fromkeys(CHEAP))

    @needs_linux
    def test_another_users_process_tells_what_it_can_and_says_what_it_cannot(
        self, victim: Victim, tmp_path: Path
    ) -> None:
        if os.geteuid() != 0:
            pytest.skip("needs to change its user: run as root")
        code = (
            "import heapq, os  # heapq: imported late by Counter, and this user may not read it\n"
            "from perfstress.probes.process import Process\n"
            "from perfstress.probes.sockets import Sockets\n"
            "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
            f"for probe in (Process(), Sockets()):\n"
            f"    reading = probe.read([{victim.pid}], True)\n"
            "    print(reading.values, reading.problem)\n"
            f"    probe.evidence([{victim.pid}])\n"
        )
        root = Path(__file__).parents[2]
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False
        )
        assert done.stderr == ""
        process, sockets = done.stdout.splitlines()
        assert "'threads': 1" in process
        assert "'memory.pss': None" in process
        assert "types of descriptors: not permitted" in process
        assert "{'connections': None} descriptors: not permitted" in sockets


# ---------------------------------------------------------------- CPU time
@needs_linux
@pytest.mark.live
def test_cpu_time_of_a_child_that_ended_is_kept(victim: Victim) -> None:
    probe = Process()
    before = probe.read(descendants([victim.pid]), False).values["cpu_s"]
    victim.do("burn", seconds=0.2)
    after = probe.read(descendants([victim.pid]), False).values["cpu_s"]
    assert before is not None
    assert after is not None
    assert after - before >= 0.18  # the kernel counts in hundredths


@needs_linux
@pytest.mark.live
def test_cpu_time_counts_on_when_another_process_follows() -> None:
    probe, seen = Process(), []
    for _ in range(2):
        with Victim() as victim:
            seen.append(probe.read([victim.pid], False).values["cpu_s"])
            victim.do("burn", seconds=0.1)
            seen.append(probe.read([victim.pid], False).values["cpu_s"])
    assert seen == sorted(seen)
    assert seen[3] >= 0.2


class Tree:
    """A tree of processes with a known total of CPU time, as the kernel would account for it."""

    def __init__(self) -> None:
        self.own = {1: 0}
        self.reaped = {1: 0}
        self.parent = {1: 0}
        self.total = 0
        self.newest = 1

    def stats(self) -> list[Stat]:
        return [
            Stat(pid, "S", self.parent[pid], pid, self.own[pid], self.reaped[pid])
            for pid in self.own
        ]

    def step(self, action: str, pick: int, amount: int) -> None:
        pid = sorted(self.own)[pick % len(self.own)]
        if action == "burn":
            self.own[pid] += amount
            self.total += amount
        elif action == "fork":
            self.newest += 1
            self.own[self.newest] = self.reaped[self.newest] = 0
            self.parent[self.newest] = pid
        elif pid != 1 and pid not in self.parent.values():
            spent = self.own.pop(pid) + self.reaped.pop(pid)
            parent = self.parent.pop(pid)
            if action == "exit":
                self.reaped[parent] += spent


def steps(*actions: str) -> st.SearchStrategy[list[tuple[str, int, int]]]:
    one = st.tuples(st.sampled_from(actions), st.integers(0, 3), st.integers(1, 50))
    return st.lists(one, min_size=15, max_size=60)


SEEN_THEN_REAPED = [("fork", 0, 1), ("burn", 1, 5), ("read", 0, 1), ("exit", 1, 1)]


@given(steps("burn", "fork", "exit", "read", "read"))
@example(SEEN_THEN_REAPED)
def test_the_cpu_clock_is_exact_where_every_child_is_waited_for(
    steps: list[tuple[str, int, int]],
) -> None:
    tree, clock = Tree(), CpuClock()
    for action, pick, amount in [*steps, ("read", 0, 0)]:
        if action == "read":
            assert clock.add(tree.stats()) == tree.total
        else:
            tree.step(action, pick, amount)


@given(steps("burn", "fork", "exit", "vanish", "read", "read"))
@example(SEEN_THEN_REAPED)
def test_the_cpu_clock_never_falls_nor_invents(steps: list[tuple[str, int, int]]) -> None:
    tree, clock, last = Tree(), CpuClock(), 0.0
    for action, pick, amount in [*steps, ("read", 0, 0)]:
        if action == "read":
            now = clock.add(tree.stats())
            assert last <= now <= tree.total
            last = now
        else:
            tree.step(action, pick, amount)


@pytest.mark.parametrize(
    ("link", "kind"),
    [
        ("socket:[123]", "socket"),
        ("pipe:[9]", "pipe"),
        ("anon_inode:[eventfd]", "eventfd"),
        ("anon_inode:inotify", "inotify"),
        ("anon_inode:[eventpoll]", "eventpoll"),
        ("anon_inode:[timerfd]", "timerfd"),
        ("/memfd:cache (deleted)", "memfd"),
        ("/dev/null", "device"),
        ("/dev/shm/block", "file"),
        ("/var/log/a (deleted)", "file"),
        ("net:[4026531840]", "namespace"),
        ("pidfd:[3]", "other"),
    ],
)
def test_what_a_link_says(link: str, kind: str) -> None:
    assert kind_of(link) == kind
