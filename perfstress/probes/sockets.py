"""TCP connections that a process tree holds, by state, and whom they lead to."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from perfstress.procfs import LINUX, read_descriptors, read_proc
from perfstress.proctree import alive, connections_of
from perfstress.protocols import Reading
from perfstress.sockdiag import LISTEN, STATES, Tcp, tcp_sockets, tcp_states

# A reading costs some µs for each connection of the machine, and more for each descriptor of the
# tree when there are new ones; it is left out until it has cost no more than this share of a core.
SHARE_OF_A_CORE = 0.004
GROUPS_TOLD = 30


class Sockets:
    """Probe: TCP sockets that are not listeners and that some process of the tree holds open.

    A socket shared by a fork counts once; connections in TIME_WAIT or not yet accepted belong to no
    process and do not count.
    """

    name = "sockets"

    def __init__(self) -> None:
        self._states_seen: set[str] = set()
        self._again_at = 0.0
        # Whose a socket is does not change as long as it lives, and its inode is never used again
        # soon: descriptors are looked through only when there is a socket not met before.
        self._pids: tuple[int, ...] = ()
        self._ours: set[int] = set()
        self._others: set[int] = set()

    def read(self, pids: Sequence[int], dear: bool) -> Reading:
        """``connections`` and ``connections.<STATE>``; nothing at all when it is not yet time."""
        if not dear and time.monotonic() < self._again_at:
            return Reading({})
        began_s = time.thread_time()
        states, problem = self._count(pids, dear)
        cost_s = time.thread_time() - began_s
        # A little early, so that a grid of one second is not missed by a hair.
        self._again_at = time.monotonic() + cost_s / SHARE_OF_A_CORE - 0.2
        if states is None:
            return Reading(self._values(None), problem)
        self._states_seen.update(states)
        return Reading(self._values(states), problem)

    def _count(self, pids: Sequence[int], dear: bool) -> tuple[Counter[str] | None, str]:
        """How many connections in each state; None when there is nothing to read or it may not
        be.
        """
        running = tuple(pid for pid in pids if alive(pid, None))
        if not running:
            return None, ""
        if not LINUX:
            connections = connections_of(running)
            if connections is None:
                return None, "connections: not permitted; run as the target's user or as root"
            return Counter(state for state, _, _ in connections), ""
        # First the sockets, then the descriptors: every socket seen has one by then.
        states = tcp_states(running[0])
        if states is None:
            return None, "connections: neither sock_diag nor /proc/PID/net can be read"
        if dear or running != self._pids or not states.keys() <= self._ours | self._others:
            held, problem = _inodes(running)
            if problem:
                self._pids = ()
                return (_by_state(states, held) if held else None), problem
            self._pids = running
            self._ours, self._others = held & states.keys(), states.keys() - held
        return _by_state(states, self._ours), ""

    def _values(self, states: Counter[str] | None) -> dict[str, float | None]:
        values: dict[str, float | None] = {
            "connections": None if states is None else sum(states.values())
        }
        for state in sorted(self._states_seen):
            values[f"connections.{state}"] = None if states is None else states[state]
        return values

    def evidence(self, pids: Sequence[int]) -> Mapping[str, Any]:
        """TCP by direction, peer and state, unix sockets by path, and how many of other kinds."""
        if not LINUX:
            groups = Counter(
                ("out", here, peer, state) for state, here, peer in connections_of(pids) or ()
            )
            return {"tcp": _told(groups)}
        inodes = _inodes(pids)[0]
        if not inodes or not pids:
            return {}
        listening = {
            tcp.local[1] for tcp in tcp_sockets(pids[0], (LISTEN,)) or () if tcp.inode in inodes
        }
        held = [tcp for tcp in tcp_sockets(pids[0]) or () if tcp.inode in inodes]
        unix = _unix(pids[0], inodes)
        facts: dict[str, Any] = {
            "tcp": _told(Counter(_group(tcp, listening) for tcp in held)),
            "tcp_in_all": len(held),
            "listening": sorted(listening),
            "unix": [
                {"path": path, "count": count} for path, count in unix.most_common(GROUPS_TOLD)
            ],
            "udp": len(_inodes_listed(pids[0], ("udp", "udp6"), 9) & inodes),
        }
        facts["other"] = (
            len(inodes) - len(held) - len(listening) - sum(unix.values()) - int(facts["udp"])
        )
        return facts

    def close(self) -> None:
        """Nothing to free."""


def _inodes(pids: Sequence[int]) -> tuple[set[int], str]:
    """The inodes of all sockets that the tree holds, and what could not be read."""
    found: set[int] = set()
    unread = []
    for pid in pids:
        links = read_descriptors(pid)
        if links is None:
            unread.append(pid)
            continue
        found.update(int(link[8:-1]) for _, link in links if link.startswith("socket:["))
    still_there = [pid for pid in unread if alive(pid, None)]
    if still_there:
        return found, "descriptors: not permitted; run as the target's user"
    return found, ""


def _by_state(states: Mapping[int, int], inodes: set[int]) -> Counter[str]:
    return Counter(STATES[states[inode]] for inode in inodes if inode in states)


# ---------------------------------------------------------------- evidence
_Group = tuple[str, str, str, str]


def _group(tcp: Tcp, listening: set[int]) -> _Group:
    """What a connection is told under: (direction, local, peer, state).

    One that came in has a peer port of its own, which says nothing: only the host counts. One that
    went out has such a local port.
    """
    host, port = tcp.peer
    if tcp.local[1] in listening:
        return "in", _place(*tcp.local), host, STATES[tcp.state]
    return "out", "", _place(host, port), STATES[tcp.state]


def _place(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _told(groups: Counter[_Group]) -> list[dict[str, Any]]:
    return [
        {"direction": direction, "local": local, "peer": peer, "state": state, "count": count}
        for (direction, local, peer, state), count in groups.most_common(GROUPS_TOLD)
    ]


def _unix(pid: int, inodes: set[int]) -> Counter[str]:
    """Unix sockets by path; those without one are "unnamed"."""
    paths: Counter[str] = Counter()
    for line in (
        (read_proc(f"/proc/{pid}/net/unix") or b"").decode("utf-8", "replace").splitlines()[1:]
    ):
        fields = line.split(None, 7)
        if len(fields) > 6 and fields[6].isdigit() and int(fields[6]) in inodes:
            paths[fields[7] if len(fields) > 7 else "unnamed"] += 1
    return paths


def _inodes_listed(pid: int, names: Sequence[str], column: int) -> set[int]:
    found = set()
    for name in names:
        for line in (read_proc(f"/proc/{pid}/net/{name}") or b"").splitlines()[1:]:
            fields = line.split(None, column + 1)
            if len(fields) > column and fields[column].isdigit():
                found.add(int(fields[column]))
    return found
