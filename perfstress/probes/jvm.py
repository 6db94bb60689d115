"""The live objects of a JVM by class, asked of jcmd."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from perfstress.procfs import command_of
from perfstress.protocols import Reading

WITHIN_S = 30.0
CLASSES_TOLD = 100
_ROW = re.compile(r"^\s*\d+:\s+(?P<count>\d+)\s+(?P<bytes>\d+)\s+(?P<name>\S+)", re.MULTILINE)


class Jvm:
    """Probe: at floors, ``jcmd PID GC.class_histogram`` of each Java process of the tree.

    It makes the JVM collect its garbage, which is why only the run that confirms a growth asks it.
    """

    name = "jvm"

    def read(self, pids: Sequence[int], dear: bool) -> Reading:
        """Nothing: each answer costs the target a collection."""
        return Reading({})

    def evidence(self, pids: Sequence[int]) -> Mapping[str, Any]:
        """Instances and bytes of the classes that have most."""
        tool = shutil.which("jcmd")
        targets = [pid for pid in pids if command_of(pid).startswith("java")]
        if tool is None or not targets:
            return {}
        counts: Counter[str] = Counter()
        sizes: Counter[str] = Counter()
        for pid in targets:
            try:
                done = subprocess.run(
                    [tool, str(pid), "GC.class_histogram"],
                    capture_output=True,
                    text=True,
                    errors="replace",
                    timeout=WITHIN_S,
                    check=False,
                )
            except (OSError, subprocess.TimeoutExpired):
                continue
            for name, count, size in rows(done.stdout):
                counts[name] += count
                sizes[name] += size
        told = [
            {"name": name, "count": counts[name], "bytes": size}
            for name, size in sizes.most_common(CLASSES_TOLD)
        ]
        return {"classes": told} if told else {}

    def close(self) -> None:
        """Nothing to free."""


def rows(histogram: str) -> list[tuple[str, int, int]]:
    """Class, instances and bytes of each row that jcmd prints."""
    return [
        (match["name"], int(match["count"]), int(match["bytes"]))
        for match in _ROW.finditer(histogram)
    ]
