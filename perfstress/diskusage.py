"""How much disk a file or folder takes, and how much is left for it."""

from __future__ import annotations

import os
from pathlib import Path


def usage(path: Path) -> tuple[int, int] | None:
    """Bytes on disk and inodes of a file or of everything under a folder; None when it is not
    there.

    Hard links count once, symbolic links are not followed, other file systems not entered.
    """
    try:
        top = os.lstat(path)
    except OSError:
        return None
    seen: set[tuple[int, int]] = set()
    size_bytes = _size_bytes(top, seen)
    waiting = [os.fspath(path)] if os.path.isdir(path) and not os.path.islink(path) else []
    while waiting:
        try:
            entries = os.scandir(waiting.pop())
        except OSError:
            continue  # removed meanwhile, or not ours to read: what is left still counts
        with entries:
            for entry in entries:
                try:
                    stat = entry.stat(follow_symlinks=False)
                    is_folder = entry.is_dir(follow_symlinks=False)
                except OSError:
                    continue
                if stat.st_dev == top.st_dev:
                    size_bytes += _size_bytes(stat, seen)
                    if is_folder:
                        waiting.append(entry.path)
    return size_bytes, len(seen)


def _size_bytes(stat: os.stat_result, seen: set[tuple[int, int]]) -> int:
    """The bytes that a file occupies, none when it has been counted under another name."""
    key = (stat.st_dev, stat.st_ino)
    if key in seen:
        return 0
    seen.add(key)
    return stat.st_blocks * 512


def free_bytes(path: Path) -> int | None:
    """What an ordinary user may still write on the file system of a path, which need not exist
    yet; None when it cannot be told.
    """
    for place in (path, *path.parents):
        try:
            system = os.statvfs(place)
        except OSError:
            continue
        return system.f_bavail * system.f_frsize
    return None
