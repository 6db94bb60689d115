"""The disk that a run uses: declared paths, the scratch folder, and deleted files still held."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from perfstress.diskusage import usage
from perfstress.procfs import LINUX
from perfstress.protocols import Reading

# Walking is left out until it has cost no more than this share of a core.
SHARE_OF_A_CORE = 0.002
FILES_TOLD = 20


def deleted_files(pids: Sequence[int]) -> dict[tuple[int, int], tuple[str, int]]:
    """Deleted files that the tree still holds open: (device, inode) to path and bytes on disk."""
    found: dict[tuple[int, int], tuple[str, int]] = {}
    for pid in pids:
        try:
            folder = os.open(f"/proc/{pid}/fd", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            for name in os.listdir(folder):
                _note_deleted(folder, name, found)
        except OSError:
            continue  # the process has ended
        finally:
            os.close(folder)
    return found


def _note_deleted(folder: int, name: str, found: dict[tuple[int, int], tuple[str, int]]) -> None:
    try:
        link = os.readlink(name, dir_fd=folder)
        if (
            not link.startswith("/")
            or not link.endswith(" (deleted)")
            or link.startswith("/memfd:")
        ):
            return
        stat = os.stat(name, dir_fd=folder)
    except OSError:
        return  # closed since the folder was listed
    found[stat.st_dev, stat.st_ino] = (link.removesuffix(" (deleted)"), stat.st_blocks * 512)


class Disk:
    """Probe: ``disk:PATH`` (bytes on disk) and ``inodes:PATH`` of each declared path,
    ``scratch.bytes`` and ``scratch.inodes`` of the run's scratch folder, and, dear,
    ``deleted.bytes`` and ``deleted.files``.

    Only declared paths are judged: an example that wants its scratch folder judged declares
    ``{run}``.
    """

    name = "disk"

    def __init__(self, declared: Mapping[str, Path], scratch: Path) -> None:
        self._declared = dict(declared)
        self._scratch = scratch
        self._again_at = 0.0

    def read(self, pids: Sequence[int], dear: bool) -> Reading:
        """A path that is not there yet holds nothing; nothing at all when it is not yet time."""
        if not dear and time.monotonic() < self._again_at:
            return Reading({})
        began_s = time.thread_time()
        values: dict[str, float | None] = {}
        for name, path in self._declared.items():
            values[f"disk:{name}"], values[f"inodes:{name}"] = usage(path) or (0, 0)
        values["scratch.bytes"], values["scratch.inodes"] = usage(self._scratch) or (0, 0)
        if dear and LINUX:
            deleted = deleted_files(pids)
            values["deleted.files"] = len(deleted)
            values["deleted.bytes"] = sum(size for _, size in deleted.values())
        cost_s = time.thread_time() - began_s
        self._again_at = time.monotonic() + cost_s / SHARE_OF_A_CORE - 0.2
        return Reading(values)

    def evidence(self, pids: Sequence[int]) -> Mapping[str, Any]:
        """The largest files of the declared paths, and of the deleted ones that are still held."""
        facts: dict[str, Any] = {}
        for name, path in self._declared.items():
            facts[name] = _largest(path)
        deleted = sorted(deleted_files(pids).values(), key=lambda file: -file[1])
        if deleted:
            facts["deleted"] = [
                {"path": path, "bytes": size} for path, size in deleted[:FILES_TOLD]
            ]
        return facts

    def close(self) -> None:
        """Nothing to free."""


def _largest(path: Path) -> list[dict[str, Any]]:
    sizes: list[tuple[int, str]] = []
    for folder, _, names in os.walk(path):
        for name in names:
            file = os.path.join(folder, name)
            try:
                sizes.append((os.lstat(file).st_size, file))
            except OSError:
                continue  # removed meanwhile
    if path.is_file():
        sizes.append((path.stat().st_size, str(path)))
    sizes.sort(reverse=True)
    return [{"path": file, "bytes": size} for size, file in sizes[:FILES_TOLD]]
