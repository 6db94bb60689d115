"""The TCP sockets of a network namespace: by netlink where it is ours, else from ``/proc/PID/net``.

``/proc/net/tcp`` lists connections in TIME_WAIT too, tens of thousands of them under load, and
takes a tenth of a second then. The kernel's sock_diag leaves out what is not asked for and needs no
privilege: see sock_diag(7).
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from perfstress.procfs import LINUX, read_proc

# Numbers of include/net/tcp_states.h.
STATES = {
    1: "ESTABLISHED",
    2: "SYN_SENT",
    3: "SYN_RECV",
    4: "FIN_WAIT1",
    5: "FIN_WAIT2",
    6: "TIME_WAIT",
    7: "CLOSE",
    8: "CLOSE_WAIT",
    9: "LAST_ACK",
    10: "LISTEN",
    11: "CLOSING",
}
LISTEN = 10
# What a process can hold open and is not a listener: TIME_WAIT belongs to no process any more.
CONNECTED = tuple(state for state in STATES if state not in (6, 10))

_NETLINK_SOCK_DIAG = 4
_SOCK_DIAG_BY_FAMILY = 20
_REQUEST_DUMP = 0x301  # NLM_F_REQUEST | NLM_F_ROOT | NLM_F_MATCH
_ERROR, _DONE = 2, 3
_HEADER = struct.Struct("=IHHII")
_REQUEST = struct.Struct("=BBBBI48x")
_STATE = "=IH10xxB66xI"  # of a message with its header: size, kind, state, inode
_STATE_BYTES = struct.calcsize(_STATE)
_MESSAGE = struct.Struct("=BBxx2s2s16s16s12x16xI")  # inet_diag_msg up to and with the inode
_RECEIVED_BYTES = 1 << 18
_WAIT_S = 2.0


@dataclass(frozen=True, slots=True)
class Tcp:
    """One socket: ``local`` and ``peer`` are (address, port)."""

    inode: int
    state: int
    local: tuple[str, int]
    peer: tuple[str, int]


def tcp_states(pid: int) -> dict[int, int] | None:
    """The state of each connected socket by its inode, in the namespace of ``pid``; None when it
    cannot be read.
    """
    try:
        if _is_ours(pid):
            states: dict[int, int] = {}
            for family in (socket.AF_INET, socket.AF_INET6):
                for answer in _answers(family, CONNECTED):
                    states.update(_states(answer))
            states.pop(0, None)  # no inode: nobody holds it any more
            return states
    except OSError:
        pass  # no sock_diag in this kernel or sandbox: the slower way tells the same
    sockets = _listed(pid, CONNECTED)
    return None if sockets is None else {tcp.inode: tcp.state for tcp in sockets}


def tcp_sockets(pid: int, states: tuple[int, ...] = CONNECTED) -> list[Tcp] | None:
    """Every socket in one of these states in the namespace of ``pid``; None when it cannot be
    read.
    """
    try:
        if _is_ours(pid):
            return [
                _socket(message)
                for family in (socket.AF_INET, socket.AF_INET6)
                for message in _dump(family, states)
            ]
    except OSError:
        pass  # as above
    return _listed(pid, states)


def _is_ours(pid: int) -> bool:
    if not LINUX:
        return False
    return os.stat(f"/proc/{pid}/ns/net").st_ino == os.stat("/proc/self/ns/net").st_ino


# ---------------------------------------------------------------- netlink
def _dump(
    family: int, states: tuple[int, ...]
) -> Iterator[tuple[int, int, bytes, bytes, bytes, bytes, int]]:
    """Messages (family, state, local port, peer port, local address, peer address, inode); raises
    OSError.
    """
    for answer in _answers(family, states):
        for _, at in _messages(answer):
            message = _MESSAGE.unpack_from(answer, at + _HEADER.size)
            if message[-1]:  # no inode: nobody holds it any more
                yield message


def _states(answer: bytes) -> dict[int, int]:
    """State by inode. All messages are of one length as a rule, and then read in one go: a gateway
    has tens of thousands of them.
    """
    size = (_HEADER.unpack_from(answer)[0] + 3) & ~3
    if size < _STATE_BYTES or len(answer) % size:
        return _states_one_by_one(answer)
    rows = list(struct.iter_unpack(f"{_STATE}{size - _STATE_BYTES}x", answer))
    if any((each + 3) & ~3 != size or kind != _SOCK_DIAG_BY_FAMILY for each, kind, _, _ in rows):
        return _states_one_by_one(answer)
    return {inode: state for _, _, state, inode in rows}


def _states_one_by_one(answer: bytes) -> dict[int, int]:
    messages = (_MESSAGE.unpack_from(answer, at + _HEADER.size) for _, at in _messages(answer))
    return {message[-1]: message[1] for message in messages}


def _messages(answer: bytes) -> Iterator[tuple[int, int]]:
    """Kind and place of each message that tells of a socket."""
    at = 0
    while at + _HEADER.size <= len(answer):
        size, kind, *_ = _HEADER.unpack_from(answer, at)
        if kind in (_DONE, _ERROR):
            return
        yield kind, at
        at += (size + 3) & ~3


def _answers(family: int, states: tuple[int, ...]) -> Iterator[bytes]:
    """What the kernel sends, some hundreds of messages at once; raises OSError."""
    mask = sum(1 << state for state in states)
    request = _REQUEST.pack(family, socket.IPPROTO_TCP, 0, 0, mask)
    header = _HEADER.pack(_HEADER.size + len(request), _SOCK_DIAG_BY_FAMILY, _REQUEST_DUMP, 1, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, _NETLINK_SOCK_DIAG) as netlink:
        netlink.settimeout(_WAIT_S)
        netlink.send(header + request)
        while True:
            answer = netlink.recv(_RECEIVED_BYTES)
            kind = _HEADER.unpack_from(answer)[1]
            if kind == _ERROR:
                raise OSError("sock_diag refused")
            if kind == _DONE:
                return
            yield answer
            if _ends(answer):
                return


def _ends(answer: bytes) -> bool:
    """Whether the last message says that there are no more."""
    last = len(answer) - _HEADER.size - 4  # it carries four bytes
    return last > 0 and _HEADER.unpack_from(answer, last)[1] == _DONE


def _socket(message: tuple[int, int, bytes, bytes, bytes, bytes, int]) -> Tcp:
    family, state, local_port, peer_port, local, peer, inode = message
    return Tcp(
        inode,
        state,
        (_address(family, local), int.from_bytes(local_port, "big")),
        (_address(family, peer), int.from_bytes(peer_port, "big")),
    )


def _address(family: int, packed: bytes) -> str:
    if family == socket.AF_INET:
        return socket.inet_ntop(socket.AF_INET, packed[:4])
    return socket.inet_ntop(socket.AF_INET6, packed).removeprefix("::ffff:")


# ---------------------------------------------------------------- /proc/PID/net
def _listed(pid: int, states: tuple[int, ...]) -> list[Tcp] | None:
    pages = [read_proc(f"/proc/{pid}/net/{name}") for name in ("tcp", "tcp6")]
    if all(page is None for page in pages):
        return None
    found = []
    for page in pages:
        for line in (page or b"").decode("ascii", "replace").splitlines()[1:]:
            fields = line.split(None, 10)
            if len(fields) < 10 or fields[9] == "0" or int(fields[3], 16) not in states:
                continue
            found.append(
                Tcp(int(fields[9]), int(fields[3], 16), _place(fields[1]), _place(fields[2]))
            )
    return found


def _place(text: str) -> tuple[str, int]:
    """``0100007F:1F90``: each 32-bit word of the address in the machine's own byte order."""
    address, _, port = text.partition(":")
    words = [int(address[at : at + 8], 16) for at in range(0, len(address), 8)]
    packed = struct.pack(f"={len(words)}I", *words)
    family = socket.AF_INET if len(words) == 1 else socket.AF_INET6
    return _address(family, packed), int(port, 16)
