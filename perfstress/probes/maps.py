"""What a target's memory is mapped as: how much of each mapping is its own, by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from perfstress.procfs import LINUX, read_proc
from perfstress.protocols import Reading

MAPS_TOLD = 20
_OWN = (b"Anonymous:", b"Swap:")


class Maps:
    """Probe: reads nothing each second; at floors it describes the largest mappings by name, those
    of equal names together: what has no name is ``anonymous``.
    """

    name = "maps"

    def read(self, pids: Sequence[int], dear: bool) -> Reading:
        """Nothing: the sums are those of the process probe."""
        return Reading({})

    def evidence(self, pids: Sequence[int]) -> Mapping[str, Any]:
        """Private bytes by the name of the mapping, over all processes."""
        if not LINUX:
            return {}
        sizes: Counter[str] = Counter()
        for pid in pids:
            sizes.update(own_bytes(read_proc(f"/proc/{pid}/smaps") or b""))
        told = [{"name": name, "bytes": size} for name, size in sizes.most_common(MAPS_TOLD)]
        return {"maps": told} if told else {}

    def close(self) -> None:
        """Nothing to free."""


def own_bytes(smaps: bytes) -> Mapping[str, int]:
    """Anonymous and swapped bytes of each name in ``/proc/PID/smaps``."""
    sizes: Counter[str] = Counter()
    name = ""
    for line in smaps.splitlines():
        words = line.split(None, 5)
        if words and not words[0].endswith(b":"):  # the head of a mapping: 7f00-7f10 rw-p ...
            name = words[5].decode("utf-8", "replace") if len(words) > 5 else "anonymous"
        elif len(words) > 1 and words[0] in _OWN:
            sizes[name] += int(words[1]) * 1024
    return {name: size for name, size in sizes.items() if size}
