"""Targets started by a command, with every way in which that goes wrong."""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from perfstress.control import get
from perfstress.errors import ExitCode, TargetError, UsageError
from perfstress.proctree import alive, descendants
from perfstress.protocols import Exit, Surroundings, Target
from perfstress.targets.command import CommandTarget, free_port
from tests.support.waiting import wait_for

pytestmark = pytest.mark.live

SERVER = str(Path(__file__).parent.parent / "support" / "server.py")
Make = Callable[..., Target]


def server(*options: str, port: str = "{port}") -> dict[str, object]:
    return {"target__command": ["python", SERVER, port, *options]}


def started(target: Target) -> Target:
    target.start()
    target.wait_ready()
    return target


def refused(target: Target) -> TargetError:
    with pytest.raises(TargetError) as raised:
        started(target)
    assert raised.value.exit_code is ExitCode.TARGET
    return raised.value


def answer(target: Target) -> dict[str, object]:
    found: dict[str, object] = json.loads(
        get(f"http://127.0.0.1:{target.values['port']}/", 5.0).body
    )
    return found


class TestLife:
    def test_started_ready_and_stopped(self, make: Make) -> None:
        target = started(make(**server()))
        assert isinstance(target, CommandTarget)
        (pid,) = target.roots()
        assert answer(target)["pid"] == pid
        assert target.exited() is None
        facts = target.facts()
        assert facts["port"] == int(target.values["port"])
        assert facts["ready_after_s"] > 0
        end = target.stop()
        assert end is not None
        assert (end.signal, end.asked, end.out_of_memory) == ("SIGTERM", True, "")
        assert end.max_rss_bytes > 1 << 20
        assert not alive(pid, None)
        assert target.stop() == end
        assert target.roots() == ()

    def test_the_whole_tree_goes_after_the_grace(self, make: Make) -> None:
        target = started(make(**server("deaf=1", "forks=1"), target__stop={"within": "300ms"}))
        tree = descendants(target.roots())
        assert len(tree) == 2
        end = target.stop()
        assert end is not None
        assert (end.signal, end.asked) == ("SIGKILL", True)
        assert not [pid for pid in tree if alive(pid, None)]

    def test_never_started_is_stopped_too(self, make: Make) -> None:
        assert make(**server()).stop() is None

    def test_environment_folder_and_values(
        self, make: Make, around: Surroundings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (around.root / "service").mkdir()
        monkeypatch.setenv("INHERITED", "yes")
        monkeypatch.setenv("SECRET_DSN", "postgres://secret-value")
        target = started(
            make(
                **server(),
                target__cwd="service",
                target__env={
                    "SCRATCH": "{run}/shop.db",
                    "AT": "http://localhost:{port}/",
                    "DSN": "${env:SECRET_DSN:-none}",
                    "OTHER": "${env:NOT_SET:-sqlite:///{run}/x}",
                },
            )
        )
        seen = answer(target)
        env = seen["env"]
        assert isinstance(env, dict)
        assert seen["cwd"] == str(around.root / "service")
        assert env["SCRATCH"] == f"{around.scratch}/shop.db"
        assert env["AT"] == f"http://localhost:{target.values['port']}/"
        assert env["DSN"] == "postgres://secret-value"
        assert env["OTHER"] == f"sqlite:///{around.scratch}/x"
        assert env["INHERITED"] == "yes"

    def test_python_is_the_interpreter_of_perfstress_without_a_build(self, make: Make) -> None:
        code = "import time; print('up'); time.sleep(60)"
        target = started(make(target__command=["python", "-c", code], target__ready={"log": "up"}))
        assert (
            Path(f"/proc/{target.roots()[0]}/cmdline")
            .read_bytes()
            .startswith(sys.executable.encode())
        )

    def test_the_log_is_kept_with_secrets_taken_out(
        self, make: Make, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TOKEN_OF_TEST", "hunter2-hunter2")
        target = started(
            make(
                **server("print=token ${env:TOKEN_OF_TEST} loaded"), target__ready={"log": "token"}
            )
        )
        assert target.log_tail() == ["token [redacted] loaded"]
        assert "hunter2" not in json.dumps(target.facts())


class TestReady:
    @pytest.mark.parametrize(
        "ready",
        [
            {"get": "/healthz"},
            {"get": "http://localhost:{port}/healthz"},
            {"port": "{port}"},
            {"log": "listening now"},
            {"get": "/healthz", "port": "{port}", "log": "listening now"},
        ],
        ids=str,
    )
    def test_each_condition(self, make: Make, ready: dict[str, str]) -> None:
        target = started(make(**server("late=0.3", "print=listening now"), target__ready=ready))
        assert target.facts()["ready_after_s"] >= 0.3
        assert answer(target)

    def test_without_a_condition_the_port_has_to_accept(self, make: Make) -> None:
        target = started(make(**server("late=0.3")))
        assert target.facts()["ready_after_s"] >= 0.3

    def test_an_old_line_of_the_log_does_not_count(self, make: Make, around: Surroundings) -> None:
        (around.run / "target.log").write_text("listening now\n")
        error = refused(make(**server(), target__ready={"log": "listening now", "within": "300ms"}))
        assert error.slug == "never-ready"


class TestNotReady:
    def test_never(self, make: Make) -> None:
        error = refused(
            make(
                **server("print=waiting for the database", "status=503"),
                target__ready={"get": "/healthz", "within": "500ms"},
            )
        )
        assert error.slug == "never-ready"
        assert "not ready within 500ms" in error.message
        assert "status 503" in error.message
        assert "| waiting for the database" in error.message
        assert "target.ready.within" in error.hint

    def test_the_port_never_accepts(self, make: Make) -> None:
        error = refused(
            make(**server("late=30"), target__ready={"port": "{port}", "within": "300ms"})
        )
        assert error.slug == "never-ready"
        assert "does not accept" in error.message
        assert "wrote nothing to its log" in error.message

    def test_exits_before(self, make: Make) -> None:
        began = time.monotonic()
        code = "print('no such table: carts'); raise SystemExit(4)"
        error = refused(
            make(target__command=["python", "-c", code, "{port}"], target__ready={"get": "/"})
        )
        assert error.slug == "exited-before-ready"
        assert "exited with code 4 before it was ready" in error.message
        assert "| no such table: carts" in error.message
        assert "by hand" in error.hint
        assert time.monotonic() - began < 10  # it does not wait for its thirty seconds

    def test_becomes_a_daemon(self, make: Make) -> None:
        code = "import os, time; os.fork() or time.sleep(60)"
        error = refused(
            make(target__command=["python", "-c", code, "{port}"], target__ready={"get": "/"})
        )
        assert error.slug == "target-daemonised"
        assert "foreground" in error.hint

    def test_its_port_is_in_use(self, make: Make) -> None:
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            error = refused(make(**server(port=str(port)), target__ready={"port": port}))
            assert error.slug == "port-in-use"
            assert f"port {port} is already in use by process {os.getpid()}" in error.message
            assert "{port}" in error.hint
            address = f"http://127.0.0.1:{port}/healthz"
            error = refused(make(**server(port=str(port)), target__ready={"get": address}))
            assert error.slug == "port-in-use"

    def test_its_port_is_in_use_and_nobody_could_know(self, make: Make) -> None:
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            error = refused(
                make(**server(port=str(port)), target__ready={"log": "never", "within": "5s"})
            )
            assert error.slug == "exited-before-ready"
            assert "in use" in error.hint

    def test_no_such_command(self, make: Make) -> None:
        error = refused(make(target__command=["no-such-program-here"]))
        assert error.slug == "cannot-start"
        assert "no-such-program-here: No such file" in error.message

    def test_no_such_folder(self, make: Make, around: Surroundings) -> None:
        error = refused(make(**server(), target__cwd="not/there"))
        assert error.slug == "missing-cwd"
        assert str(around.root / "not/there") in error.message

    def test_no_such_secret(self, make: Make) -> None:
        target = make(**server(), target__env={"A": "${env:NO_SUCH_SECRET}"})
        with pytest.raises(UsageError, match="NO_SUCH_SECRET"):
            target.start()

    def test_what_is_not_a_port(self, make: Make) -> None:
        error = refused(make(**server(), target__ready={"port": "http"}))
        assert error.slug == "bad-port"
        assert "'http'" in error.message


class TestDiesWhileRunning:
    def exit_of(self, target: Target) -> Exit:
        end = wait_for(target.exited, within_s=5.0)
        assert end is not None
        return end

    def test_by_a_code(self, make: Make) -> None:
        target = started(make(**server("dies=0.2")))
        end = self.exit_of(target)
        assert (end.code, end.signal, end.asked, end.out_of_memory) == (9, None, False, "")
        assert target.log_tail(1) == ["going down: the disk is full"]
        assert target.stop() == end

    def test_by_a_signal_nobody_here_sent(self, make: Make) -> None:
        target = started(make(**server("kills=0.2")))
        end = self.exit_of(target)
        assert (end.code, end.signal, end.asked) == (None, "SIGKILL", False)
        assert "perfstress did not send it" in end.out_of_memory

    def test_its_children_are_stopped_all_the_same(self, make: Make) -> None:
        target = started(make(**server("dies=0.2", "forks=1"), target__stop={"within": "200ms"}))
        self.exit_of(target)
        (orphan,) = target.roots()
        target.stop()
        assert not alive(orphan, None)


def test_ports_are_free_and_not_of_the_kind_that_clients_get() -> None:
    ports = {free_port() for _ in range(20)}
    assert len(ports) > 10
    assert all(20_000 <= port < 32_000 for port in ports)
