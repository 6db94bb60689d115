"""Recorded arrivals: when requests came in production, as a list of times to be replayed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from perfstress.accesslog import entry_of
from perfstress.regularfile import read_text
from perfstress.units import NS_PER_S

Offsets = NDArray[np.float64]
Ints = NDArray[np.int64]

KEPT = ".npy"
_CHUNK = 8192
_HINT = "one offset in seconds a line, never smaller than the one before; or an access log"


class ArrivalsError(ValueError):
    """A list of arrivals that cannot be read; ``line`` counts from 1, 0 where there is none."""

    def __init__(self, message: str, line: int = 0, hint: str = _HINT) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.hint = hint


@dataclass(frozen=True, eq=False)
class Recording:
    """Offsets in seconds from the start, in order. ``whole_seconds`` says that the file knows no
    parts of a second; where in its second each arrival came is then drawn from the seed.
    """

    offsets_s: Offsets
    whole_seconds: bool

    @property
    def seconds(self) -> float:
        """How long it takes: to the end of the last second, or one mean gap after the last."""
        last = float(self.offsets_s[-1])
        if self.whole_seconds:
            return last + 1.0
        return last * len(self.offsets_s) / (len(self.offsets_s) - 1) if last else 1.0

    @property
    def busiest_hz(self) -> float:
        """Arrivals in the busiest second."""
        return float(np.bincount(self.offsets_s.astype(np.int64)).max())

    def due_ns(self, seed: int, duration_ns: int) -> Ints:
        """The offsets of all arrivals within ``duration_ns``, in ns and in order."""
        at_s = self.offsets_s
        if self.whole_seconds:
            random = np.random.Generator(np.random.PCG64(seed))
            at_s = np.sort(at_s + random.random(len(at_s)), kind="stable")
        due_ns = np.rint(at_s * NS_PER_S).astype(np.int64)
        return due_ns[due_ns < duration_ns]

    def count(self, seed: int, duration_ns: int) -> int:
        """How many arrivals come within ``duration_ns``."""
        return len(self.due_ns(seed, duration_ns))


def read(path: Path) -> Recording:
    """A file of offsets or an access log; raises ArrivalsError."""
    try:
        known = path.stat()
    except OSError as error:
        raise ArrivalsError(f"cannot be read: {error.strerror}") from error
    return _read(path, known.st_mtime_ns, known.st_size)


@lru_cache(maxsize=4)
def _read(path: Path, _changed_ns: int, _size: int) -> Recording:
    try:
        text = read_text(path, encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ArrivalsError("is not text in UTF-8") from error
    except OSError as error:
        raise ArrivalsError(f"cannot be read: {error.strerror}") from error
    lines = [
        (number, line.strip())
        for number, line in enumerate(text.splitlines(), 1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    if not lines:
        raise ArrivalsError("has no arrival")
    return _of_log(lines) if entry_of(lines[0][1] + " ") else _of_offsets(lines)


def _of_offsets(lines: list[tuple[int, str]]) -> Recording:
    found = np.empty(len(lines), dtype=np.float64)
    before = 0.0
    for at, (number, text) in enumerate(lines):
        try:
            value = float(text)
        except ValueError:
            raise ArrivalsError(f"{text[:40]!r} is not a number of seconds", number) from None
        if not math.isfinite(value) or value < before:
            why = "is below the line before" if value < before else "is not a time"
            raise ArrivalsError(f"{text[:40]!r} {why}", number)
        found[at] = before = value
    whole = len(lines) > 1 and bool((found == np.floor(found)).all())
    return Recording(found, whole and not any("." in text for _, text in lines))


def _of_log(lines: list[tuple[int, str]]) -> Recording:
    """The times of an access log, which are written when a request ends and so not quite in
    order.
    """
    found = []
    for number, text in lines:
        entry = entry_of(text + " ")
        if entry is None:
            raise ArrivalsError(f"{text[:40]!r} is not a line of an access log", number)
        found.append(entry.time_s)
    at = np.sort(np.array(found, dtype=np.float64), kind="stable")
    return Recording(at - at[0], whole_seconds=True)


def keep(due_ns: Ints, path: Path) -> Path:
    """Write arrivals so that ``kept`` reads them without taking time; gives back the file."""
    file = path.with_suffix(KEPT)
    np.save(file, due_ns)
    return file


def kept(path: Path) -> Iterator[Ints]:
    """The arrivals that ``keep`` wrote, in chunks."""
    due_ns = np.load(path, mmap_mode="r")
    for at in range(0, len(due_ns), _CHUNK):
        yield np.array(due_ns[at : at + _CHUNK])
