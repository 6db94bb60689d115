"""Sockets by netlink and by ``/proc``, which have to tell the same."""

from __future__ import annotations

import os
import socket

import pytest

from perfstress import sockdiag
from perfstress.procfs import LINUX
from perfstress.sockdiag import LISTEN, STATES, tcp_sockets, tcp_states

pytestmark = [pytest.mark.live, pytest.mark.skipif(not LINUX, reason="needs Linux: sock_diag")]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_netlink_and_proc_agree_about_a_connection(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with (
        socket.create_server((host, 0), family=family) as server,
        socket.create_connection(server.getsockname()[:2]) as client,
        server.accept()[0] as accepted,
    ):
        inodes = {os.fstat(one.fileno()).st_ino for one in (client, accepted)}
        by_netlink = [tcp for tcp in tcp_sockets(os.getpid()) or () if tcp.inode in inodes]
        by_proc = [
            tcp
            for tcp in sockdiag._listed(os.getpid(), sockdiag.CONNECTED) or ()
            if tcp.inode in inodes
        ]
        key = lambda tcp: tcp.inode  # noqa: E731
        assert sorted(by_netlink, key=key) == sorted(by_proc, key=key)
        ours = next(tcp for tcp in by_proc if tcp.inode == os.fstat(client.fileno()).st_ino)
        assert ours.peer == server.getsockname()[:2]
        assert ours.local == client.getsockname()[:2]
        assert STATES[ours.state] == "ESTABLISHED"
        states = tcp_states(os.getpid())
        assert states is not None
        assert {states[inode] for inode in inodes} == {1}
        [listening] = [
            tcp
            for tcp in tcp_sockets(os.getpid(), (LISTEN,)) or ()
            if tcp.inode == os.fstat(server.fileno()).st_ino
        ]
        assert listening.local == server.getsockname()[:2]


def test_a_process_that_is_gone_has_none() -> None:
    assert tcp_sockets(2**22 + 1) is None
    assert tcp_states(2**22 + 1) is None


@pytest.mark.live
def test_many_sockets_at_once_are_those_one_by_one() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=200) as server:
        clients = [socket.create_connection(server.getsockname()) for _ in range(150)]
        answers = list(sockdiag._answers(socket.AF_INET, sockdiag.CONNECTED))
        for answer in answers:
            assert sockdiag._states(answer) == sockdiag._states_one_by_one(answer)
        seen = {inode for answer in answers for inode in sockdiag._states(answer)}
        assert {os.fstat(client.fileno()).st_ino for client in clients} <= seen
        for client in clients:
            client.close()
