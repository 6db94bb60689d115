"""Workers that are replaced while their parent lives: ended by design, or dying one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from perfstress.procfs import LINUX, command_of, stat_of
from perfstress.protocols import Reading

# A helper that lives for one operation is no worker: it has to be seen so often before it counts.
SEEN_OFTEN = 3
# A parent takes a moment to start the next worker; later than so many readings it is another one.
REPLACED_WITHIN = 5
TOLD = 20

Kin = tuple[int, str]  # parent and command


@dataclass(slots=True)
class _Worker:
    kin: Kin
    start: int
    seen: int = 1


class Workers:
    """Counts in ``recycled`` the workers that ended and were replaced by another one of the same
    parent and command, and in ``recycled.workers`` how many there are of such at a time. Both are
    absent until the first is replaced.
    """

    name = "workers"

    def __init__(self) -> None:
        self._workers: dict[int, _Worker] = {}
        self._missing: dict[Kin, list[int]] = {}  # the readings at which workers went
        self._kins: set[Kin] = set()
        self._told: list[dict[str, Any]] = []
        self._pids: tuple[int, ...] = ()
        self._readings = self._replaced = 0

    def read(self, pids: Sequence[int], dear: bool) -> Reading:
        """The counts; nothing is read while the tree is as it was."""
        self._readings += 1
        if tuple(pids) == self._pids:
            for worker in self._workers.values():
                worker.seen += 1
        elif LINUX:
            self._follow(pids)
        if not self._replaced:
            return Reading({})
        alive = sum(worker.kin in self._kins for worker in self._workers.values())
        return Reading({"recycled": self._replaced, "recycled.workers": alive})

    def _follow(self, pids: Sequence[int]) -> None:
        """Go through what has come and gone since the tree last changed."""
        first, self._pids = not self._pids, tuple(pids)
        tree, now = set(pids), {}
        for pid in pids:
            stat = stat_of(pid)
            if stat is None or stat.state in "ZX" or stat.parent not in tree:
                continue  # a root has nobody who would replace it
            worker = self._workers.get(pid)
            if worker is not None and worker.start == stat.start:
                worker.seen += 1
                now[pid] = worker
            else:
                now[pid] = _Worker((stat.parent, command_of(pid)), stat.start)
        for pid, worker in self._workers.items():
            if now.get(pid) is not worker and worker.seen >= SEEN_OFTEN and worker.kin[0] in tree:
                self._missing.setdefault(worker.kin, []).append(self._readings)
        new = Counter(worker.kin for pid, worker in now.items() if worker.seen == 1)
        self._workers = now
        for kin, count in () if first else new.items():
            self._replace(kin, count)

    def _replace(self, kin: Kin, count: int) -> None:
        """``count`` new workers of a kind stand for as many that went not long ago."""
        waiting = self._missing.pop(kin, [])
        recent = [at for at in waiting if self._readings - at <= REPLACED_WITHIN]
        replaced, left = recent[:count], recent[count:]
        if left:
            self._missing[kin] = left
        if replaced:
            self._kins.add(kin)
            self._replaced += len(replaced)

    def evidence(self, pids: Sequence[int]) -> Mapping[str, Any]:
        """Which workers are replaced."""
        if not self._replaced:
            return {}
        kinds = [{"parent": parent, "command": command} for parent, command in sorted(self._kins)]
        return {"recycled": self._replaced, "workers": kinds[:TOLD]}

    def close(self) -> None:
        """Nothing to free."""
