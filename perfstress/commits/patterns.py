"""Patterns of paths from the root, and which of many of them a path fits."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

_PIECE = re.compile(r"\*\*/|\*\*|\*|\?|\[[^]]+\]|[^*?[]+|\[")
_SPECIAL = re.compile(r"[*?[]")


def matcher(patterns: Sequence[str]) -> re.Pattern[str]:
    """A pattern for paths from the root: ``*`` within a folder, ``**`` across folders, and a
    folder's name for all that is in it.
    """
    return re.compile("|".join(f"(?:{_translated(pattern)})" for pattern in patterns) or r"(?!)")


def _translated(pattern: str) -> str:
    text = str(PurePosixPath(pattern))
    pieces: list[str] = []
    for part in _PIECE.findall(text):
        if part == "**/":
            pieces.append("(?:.+/)?")
        elif part == "**":
            pieces.append(".*")
        elif part == "*":
            pieces.append("[^/]*")
        elif part == "?":
            pieces.append("[^/]")
        elif part.startswith("[") and len(part) > 1:
            pieces.append(part.replace("[!", "[^", 1))
        else:
            pieces.append(re.escape(part))
    return "".join(pieces) + "(?:/.*)?"


class Patterns:
    """Many patterns, found by the folders that they begin with: a path is held against few."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self.all = tuple(dict.fromkeys(patterns))
        self.number = {pattern: number for number, pattern in enumerate(self.all)}
        self._compiled: dict[int, re.Pattern[str]] = {}
        self._by_start: dict[str, list[int]] = {}
        self._rest: list[str] = []  # of each, what comes behind the folders that it begins with
        for number, pattern in enumerate(self.all):
            start = _start(pattern)
            self._by_start.setdefault("/".join(start), []).append(number)
            self._rest.append("/".join(PurePosixPath(pattern).parts[len(start) :]))
        self._seen: dict[str, tuple[int, ...]] = {}
        self._inside: dict[str, tuple[int, ...]] = {}

    def fitting(self, path: str) -> tuple[int, ...]:
        """The numbers of the patterns that a path fits."""
        found = self._seen.get(path)
        if found is None:
            found = self._seen[path] = tuple(self._held_against(path))
        return found

    def _held_against(self, path: str) -> list[int]:
        found = [number for number in self._by_start.get("", ()) if self._is_fit(number, path)]
        end = -1
        while end < len(path):
            end = path.find("/", end + 1)
            end = len(path) if end < 0 else end
            for number in self._by_start.get(path[:end], ()):
                rest = self._rest[number]
                if not rest or (rest == "**" and end < len(path)) or self._is_fit(number, path):
                    found.append(number)
        return sorted(found)

    def _is_fit(self, number: int, path: str) -> bool:
        if number not in self._compiled:
            self._compiled[number] = matcher([self.all[number]])
        return self._compiled[number].fullmatch(path) is not None

    def inside(self, folder: str) -> tuple[int, ...]:
        """The numbers of the patterns that something inside a folder may fit, or itself: for a
        submodule, of which a history knows no more than its name.
        """
        found = self._inside.get(folder)
        if found is None:
            found = self._inside[folder] = tuple(
                number for number, pattern in enumerate(self.all) if _reaches(pattern, folder)
            )
        return found


def _start(pattern: str) -> list[str]:
    """The folders at the beginning in which nothing is left open."""
    plain: list[str] = []
    for part in PurePosixPath(pattern).parts:
        if _SPECIAL.search(part):
            break
        plain.append(part)
    return plain


def _reaches(pattern: str, folder: str) -> bool:
    wanted = PurePosixPath(pattern).parts
    for number, part in enumerate(PurePosixPath(folder).parts):
        if number == len(wanted) or "**" in wanted[number]:
            return True
        if not matcher([wanted[number]]).fullmatch(part):
            return False
    return True
