"""The sockets probe on connections whose number, state and peer are known."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

import pytest

from perfstress.probes import sockets as module
from perfstress.probes.sockets import Sockets
from perfstress.procfs import LINUX
from perfstress.proctree import descendants
from tests.support.victim import Victim, until

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(not LINUX, reason="needs Linux: reads /proc"),
]


Closing = contextlib.ExitStack


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0), backlog=100) as server:
        yield server


def read(pids: list[int] | tuple[int, ...]) -> dict[str, float | None]:
    reading = Sockets().read(pids, True)
    assert reading.problem == ""
    return dict(reading.values)


@pytest.fixture
def closing() -> Iterator[Closing]:
    """Closes what a test enters into it, however the test ends."""
    with Closing() as stack:
        yield stack


def connect(
    victim: Victim, server: socket.socket, count: int, closing: Closing
) -> list[socket.socket]:
    victim.do("connect", count=count, port=server.getsockname()[1])
    return [closing.enter_context(server.accept()[0]) for _ in range(count)]


def test_connections_are_counted_by_state_and_peer(
    victim: Victim, server: socket.socket, closing: Closing
) -> None:
    assert read([victim.pid]) == {"connections": 0}
    accepted = connect(victim, server, 8, closing)
    for one in accepted[:3]:
        one.close()
    values = until(
        lambda: read([victim.pid]), lambda values: values.get("connections.CLOSE_WAIT") == 3
    )
    assert values == {
        "connections": 8,
        "connections.ESTABLISHED": 5,
        "connections.CLOSE_WAIT": 3,
    }
    peer = f"127.0.0.1:{server.getsockname()[1]}"
    facts = Sockets().evidence([victim.pid])
    assert facts["tcp"] == [
        {"direction": "out", "local": "", "peer": peer, "state": "ESTABLISHED", "count": 5},
        {"direction": "out", "local": "", "peer": peer, "state": "CLOSE_WAIT", "count": 3},
    ]
    assert facts["tcp_in_all"] == 8
    assert facts["other"] == 0


def test_incoming_connections_are_told_by_the_clients_host(
    victim: Victim, closing: Closing
) -> None:
    port = victim.do("listen")["port"]
    for _ in range(4):
        closing.enter_context(socket.create_connection(("127.0.0.1", port)))
    # Not accepted yet: the kernel holds them, not the process.
    assert read([victim.pid]) == {"connections": 0}
    victim.do("accept", count=4)
    assert read([victim.pid])["connections"] == 4  # the listener is not among them
    facts = Sockets().evidence([victim.pid])
    assert facts["listening"] == [port]
    assert facts["tcp"] == [
        {
            "direction": "in",
            "local": f"127.0.0.1:{port}",
            "peer": "127.0.0.1",
            "state": "ESTABLISHED",
            "count": 4,
        }
    ]


def test_a_connection_shared_by_forks_counts_once(
    victim: Victim, server: socket.socket, closing: Closing
) -> None:
    connect(victim, server, 2, closing)
    victim.do("fork", count=3)
    tree = descendants([victim.pid])
    assert len(tree) == 4
    assert read(tree)["connections"] == 2


def test_unix_sockets_are_evidence_and_no_connections(victim: Victim) -> None:
    victim.do("unix", count=3)
    assert read([victim.pid])["connections"] == 0
    facts = Sockets().evidence([victim.pid])
    assert facts["unix"] == [{"path": "unnamed", "count": 6}]
    assert facts["other"] == 0


def test_a_state_that_was_left_is_zero(
    victim: Victim, server: socket.socket, closing: Closing
) -> None:
    probe = Sockets()
    connect(victim, server, 1, closing)
    assert probe.read([victim.pid], True).values["connections.ESTABLISHED"] == 1
    victim.do("let_go")
    assert probe.read([victim.pid], True).values == {
        "connections": 0,
        "connections.ESTABLISHED": 0,
    }


def test_a_dead_target_has_none(victim: Victim) -> None:
    victim.kill()
    for pids in ([victim.pid], []):
        reading = Sockets().read(pids, True)
        assert reading.values == {"connections": None}
        assert reading.problem == ""
        assert Sockets().evidence(pids) == {}


def test_a_dear_reading_is_not_made_too_often(
    victim: Victim, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SHARE_OF_A_CORE", 1e-9)
    probe = Sockets()
    assert "connections" in probe.read([victim.pid], False).values
    assert probe.read([victim.pid], False).values == {}
    assert "connections" in probe.read([victim.pid], True).values


def test_connections_that_come_and_go_between_two_readings_are_told_apart(
    victim: Victim, server: socket.socket, closing: Closing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The probe remembers whose a socket is; new ones must be looked at all the same."""
    monkeypatch.setattr(module, "SHARE_OF_A_CORE", 1e9)
    probe = Sockets()
    for count in (0, 2, 0, 3):
        victim.do("let_go")
        connect(victim, server, count, closing)
        # A connection of somebody else, to the same place.
        closing.enter_context(socket.create_connection(server.getsockname()))
        closing.enter_context(server.accept()[0])
        for _ in range(2):
            assert probe.read([victim.pid], False).values["connections"] == count
