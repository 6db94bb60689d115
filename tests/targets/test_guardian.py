"""No process is left behind, whoever dies, however the target's family is made."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from perfstress.errors import TargetError
from perfstress.proctree import alive
from perfstress.targets.guarded import Guarded
from tests.support.waiting import wait_for

pytestmark = pytest.mark.live

FAMILY = Path(__file__).parent.parent / "support" / "family.py"
KINDS = ["child", "deaf", "setsid", "daemon"]
ROOT = Path(__file__).parent.parent.parent

# Stands for perfstress: starts a family under a guardian, says that it has, and waits.
OWNER = """
import sys, time
from pathlib import Path
from perfstress.targets.guarded import Guarded
folder = Path(sys.argv[1])
guarded = Guarded(folder / "log")
started = guarded.start("target", [sys.executable, sys.argv[2], *sys.argv[3:]], cwd=folder, env={})
print(guarded._process.pid, started.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def pids(tmp_path: Path) -> Path:
    """Where the members of a family write their pids down."""
    folder = tmp_path / "pids"
    folder.mkdir()
    return folder


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Guarded]:
    one = Guarded(tmp_path / "log")
    yield one
    one.close()


def members(folder: Path) -> list[int]:
    return [int(path.name.partition("-")[2]) for path in folder.iterdir()]


def living(folder: Path) -> list[int]:
    return [pid for pid in members(folder) if alive(pid, None)]


def start_family(guarded: Guarded, folder: Path, *kinds: str) -> None:
    argv = [sys.executable, str(FAMILY), str(folder), *kinds]
    guarded.start("target", argv, cwd=folder, env=os.environ)
    wait_for(lambda: len(members(folder)) == len(kinds) + ("exit" not in kinds) - ("exit" in kinds))


class TestPerfstressIsKilled:
    """The contract: one second after a SIGKILL nothing of the target is left."""

    def owner(self, tmp_path: Path, folder: Path, *kinds: str) -> tuple[subprocess.Popen[str], int]:
        process = subprocess.Popen(
            [sys.executable, "-c", OWNER, str(tmp_path), str(FAMILY), str(folder), *kinds],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        assert process.stdout is not None
        guardian = int(process.stdout.readline().split()[0])
        process.stdout.close()
        wait_for(lambda: len(members(folder)) == len(kinds) + 1)
        return process, guardian

    @pytest.mark.parametrize("kinds", [[], KINDS, [*KINDS, "spawner"]], ids=" ".join)
    def test_nothing_is_left_a_second_later(
        self, tmp_path: Path, pids: Path, kinds: list[str]
    ) -> None:
        owner, guardian = self.owner(tmp_path, pids, *kinds)
        assert living(pids)
        owner.kill()
        owner.wait()
        wait_for(lambda: not living(pids), within_s=1.0)
        wait_for(lambda: not alive(guardian, None), within_s=1.0)

    def test_terminal_interrupts_do_not_reach_the_guardian_or_the_target(
        self, tmp_path: Path, pids: Path
    ) -> None:
        owner, guardian = self.owner(tmp_path, pids, "child")
        everyone = [guardian, *members(pids)]
        assert all(os.getsid(pid) != os.getsid(owner.pid) for pid in everyone)
        os.kill(guardian, signal.SIGINT)
        os.kill(guardian, signal.SIGHUP)
        assert all(alive(pid, None) for pid in everyone)
        owner.kill()
        owner.wait()
        wait_for(lambda: not living(pids), within_s=1.0)

    def test_a_terminated_guardian_takes_everything_with_it(
        self, tmp_path: Path, pids: Path
    ) -> None:
        owner, guardian = self.owner(tmp_path, pids, *KINDS)
        os.kill(guardian, signal.SIGTERM)
        wait_for(lambda: not living(pids), within_s=1.0)
        owner.kill()
        owner.wait()


class TestGuardianIsKilled:
    def test_the_direct_child_dies_with_it_and_the_rest_is_killed_from_here(
        self, guarded: Guarded, pids: Path
    ) -> None:
        start_family(guarded, pids, "child", "deaf", "setsid")
        os.kill(guarded._process.pid, signal.SIGKILL)
        (ended,) = guarded.poll(5.0)
        assert guarded.is_lost
        assert (ended.signal, ended.asked) == ("SIGKILL", False)
        wait_for(lambda: not living(pids), within_s=1.0)

    def test_a_later_start_says_so(self, guarded: Guarded, tmp_path: Path) -> None:
        os.kill(guarded._process.pid, signal.SIGKILL)
        wait_for(lambda: guarded._process.poll() is not None)
        with pytest.raises(TargetError) as raised:
            guarded.start("target", ["true"], cwd=tmp_path, env=os.environ)
        assert raised.value.slug == "guardian-lost"


class TestStop:
    def test_the_signal_comes_first_and_reaches_what_the_main_process_left(
        self, guarded: Guarded, pids: Path
    ) -> None:
        start_family(guarded, pids, "child", "setsid", "daemon")
        ended = guarded.stop("target", signal.SIGTERM, 30.0)
        assert ended is not None
        assert (ended.signal, ended.code, ended.asked) == ("SIGTERM", None, True)
        assert not living(pids)

    def test_what_does_not_listen_is_killed_after_the_grace(
        self, guarded: Guarded, pids: Path
    ) -> None:
        start_family(guarded, pids, *KINDS)
        began = time.monotonic()
        guarded.stop("target", signal.SIGTERM, 0.3)
        assert not living(pids)
        assert time.monotonic() - began >= 0.3

    def test_closing_is_enough(self, guarded: Guarded, pids: Path) -> None:
        start_family(guarded, pids, *KINDS)
        guarded.close()
        assert not living(pids)
        guarded.close()

    def test_one_of_two_is_stopped_and_the_other_lives(
        self, guarded: Guarded, pids: Path, tmp_path: Path
    ) -> None:
        start_family(guarded, pids, "daemon", "setsid")
        other = tmp_path / "other"
        other.mkdir()
        argv = [sys.executable, str(FAMILY), str(other), "daemon", "setsid"]
        guarded.start("other", argv, cwd=tmp_path, env=os.environ)
        wait_for(lambda: len(members(other)) == 3)
        guarded.stop("other", signal.SIGKILL, 0.0)
        assert not living(other)
        assert len(living(pids)) == 3


class TestReports:
    def test_code_and_peak_memory(self, guarded: Guarded, tmp_path: Path) -> None:
        code = "b = bytearray(64 << 20); raise SystemExit(7)"
        started = guarded.start("a", [sys.executable, "-c", code], cwd=tmp_path, env=os.environ)
        (ended,) = guarded.poll(10.0)
        assert (ended.name, ended.pid, ended.code, ended.signal) == ("a", started.pid, 7, None)
        assert 64 << 20 < ended.max_rss_bytes < 200 << 20
        assert ended.at_ns > started.at_ns
        assert str(ended) == "exited with code 7"
        assert guarded.poll(0.0) == []
        assert guarded.ended("a") == ended

    def test_signal(self, guarded: Guarded, tmp_path: Path) -> None:
        code = "import os; os.kill(os.getpid(), 11)"
        guarded.start("a", [sys.executable, "-c", code], cwd=tmp_path, env=os.environ)
        (ended,) = guarded.poll(10.0)
        assert (ended.code, ended.signal, ended.asked) == (None, "SIGSEGV", False)

    def test_orphans_are_counted_and_shown_as_roots(self, guarded: Guarded, pids: Path) -> None:
        start_family(guarded, pids, "daemon", "setsid", "exit")
        (ended,) = guarded.poll(10.0)
        assert (ended.code, ended.left) == (0, 2)
        wait_for(lambda: set(guarded.running()) == set(members(pids)))

    def test_many_at_once(self, guarded: Guarded, tmp_path: Path) -> None:
        for number in range(30):
            argv = ["sh", "-c", f"exit {number}"]
            guarded.start(f"run-{number}", argv, cwd=tmp_path, env=os.environ)
        codes: set[int | None] = set()
        wait_for(lambda: codes.update(e.code for e in guarded.poll(0.1)) or len(codes) == 30)
        assert codes == set(range(30))

    @pytest.mark.parametrize(
        ("argv", "cwd", "told"),
        [
            (["no-such-program"], ".", "no-such-program: No such file"),
            (["/etc/passwd"], ".", "Permission denied"),
            (["true"], "no/such/folder", "no/such/folder"),
        ],
    )
    def test_what_cannot_be_started_is_told(
        self, guarded: Guarded, tmp_path: Path, argv: list[str], cwd: str, told: str
    ) -> None:
        with pytest.raises(TargetError, match=told) as raised:
            guarded.start("a", argv, cwd=tmp_path / cwd, env=os.environ)
        assert raised.value.slug == "cannot-start"
        guarded.start("a", ["true"], cwd=tmp_path, env=os.environ)

    def test_output_goes_to_the_log_and_signals_are_as_usual(
        self, guarded: Guarded, tmp_path: Path
    ) -> None:
        code = (
            "import signal, sys; print('out'); print('err', file=sys.stderr);"
            "print([signal.getsignal(n) == signal.SIG_DFL for n in (2, 1, 15, 17)]);"
            "print(sys.stdin.read() == '')"
        )
        (tmp_path / "log").write_text("before\n")
        # Python itself handles SIGINT, so the first is True only where it was not ignored.
        argv = [sys.executable, "-c", code.replace("SIG_DFL for n", "SIG_IGN for n")]
        guarded.start("a", argv, cwd=tmp_path, env=os.environ)
        guarded.poll(10.0)
        lines = (tmp_path / "log").read_text().splitlines()
        assert sorted(lines) == sorted(
            ["before", "out", "err", "[False, False, False, False]", "True"]
        )
