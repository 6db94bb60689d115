"""The proxies before services: what goes through, late, narrow, or not at all."""

from __future__ import annotations

import contextlib
import select
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from perfstress.errors import GuardTripped, TargetError
from perfstress.example import Service
from perfstress.faults import Services
from tests.live.test_finding_faults import serve_lines

pytestmark = pytest.mark.live


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    server = serve_lines()
    address = f"127.0.0.1:{server.server_address[1]}"
    made = Services({"db": Service(address=address)}, [], tmp_path, tmp_path / "log")
    yield made
    made.close()
    server.shutdown()
    server.server_close()


def connect(services: Services) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(services.values["db.port"])), 10.0)


def ask(link: socket.socket, line: bytes = b"?\n") -> bytes:
    link.sendall(line)
    answer = b""
    while not answer.endswith(b"\n"):
        if not (piece := link.recv(65536)):
            break
        answer += piece
    return answer


def took_s(link: socket.socket, line: bytes = b"?\n") -> float:
    began = time.monotonic()
    assert ask(link, line) == line
    return time.monotonic() - began


def test_everything_goes_through_whole_and_half_closes_too(services: Services) -> None:
    with connect(services) as link:
        line = bytes(range(32, 127)) * 20_000 + b"\n"
        assert ask(link, line) == line
        link.shutdown(socket.SHUT_WR)
        assert link.recv(1) == b""


def test_a_delay_is_added_once_to_a_question_and_its_answer(services: Services) -> None:
    with connect(services) as link:
        services.behave("db", delay_s=0.4)
        assert took_s(link) >= 0.4
        services.behave("db")
        assert ask(link) == b"?\n"


def test_a_throttle_holds_for_both_ways_together(services: Services) -> None:
    with connect(services) as link:
        services.behave("db", throttle=50_000)
        line = b"x" * 19_999 + b"\n"
        assert took_s(link, line) >= 0.9 * 2 * len(line) / 50_000


def test_nobody_waits_any_longer_when_a_throttle_ends(tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        address = f"127.0.0.1:{server.getsockname()[1]}"
        made = Services({"db": Service(address=address)}, [], tmp_path, tmp_path / "log")
        stack.callback(made.close)
        ends = []
        for _ in range(30):
            link = stack.enter_context(connect(made))
            far = stack.enter_context(server.accept()[0])
            far.settimeout(10.0)
            ends.append((link, far))
        made.behave("db", throttle=1)  # a second for each byte, half a minute for the last of these
        for link, _ in ends:
            link.sendall(b"?")
        first, _, _ = select.select([far for _, far in ends], [], [], 10.0)
        assert first  # so the proxy has taken all of them, and they wait for their second
        made.behave("db")
        assert [far.recv(1) for _, far in reversed(ends)] == [b"?"] * len(ends)


def test_a_cut_resets_what_is_there_and_refuses_the_rest_until_it_ends(services: Services) -> None:
    with connect(services) as link:
        ask(link)
        services.behave("db", cut=True)
        with pytest.raises(ConnectionResetError):
            link.recv(1)
    with pytest.raises(ConnectionRefusedError):
        connect(services)
    services.behave("db")
    with connect(services) as link:
        assert ask(link) == b"?\n"


def test_a_service_that_is_not_there_is_reset(services: Services, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = Service(address=f"127.0.0.1:{free.getsockname()[1]}")
        made = Services({"db": nobody}, [], tmp_path, tmp_path / "log")
    with connect(made) as link, pytest.raises(ConnectionResetError):
        link.recv(1)
    made.close()
    made.close()


@pytest.mark.parametrize(
    ("address", "error"), [("here", TargetError), ("192.0.2.1:80", GuardTripped)]
)
def test_addresses_are_checked(tmp_path: Path, address: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        Services({"db": Service(address=address)}, [], tmp_path, tmp_path / "log")


def test_without_services_there_is_no_process(tmp_path: Path) -> None:
    made = Services({}, [], tmp_path, tmp_path / "log")
    assert made.values == {}
    assert not (tmp_path / "log").exists()
    made.close()
