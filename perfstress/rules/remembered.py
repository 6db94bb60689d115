"""Data files, read once for all the rules and all the examples that draw from them."""

from __future__ import annotations

import hashlib
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

from perfstress.extract import compile_path
from perfstress.regularfile import open_regular
from perfstress.rows import RowsError, read_rows

# Which file, and as it was when: another text under the same name is another file.
Stamp = tuple[Path, int, int, int, int]


def _stamp(path: Path) -> Stamp:
    try:
        there = os.stat(path)
    except OSError as error:
        raise RowsError(f"cannot be read: {error.strerror}") from error
    real = Path(os.path.realpath(path))
    return real, there.st_dev, there.st_ino, there.st_size, there.st_mtime_ns


def rows(path: Path) -> list[Any]:
    """Every row of a data file, not to be changed; raises RowsError."""
    found = _rows(_stamp(path))
    if isinstance(found, RowsError):
        raise found
    return found


@lru_cache(maxsize=16)
def _rows(stamp: Stamp) -> list[Any] | RowsError:
    try:
        return read_rows(stamp[0])
    except RowsError as error:
        return error


def values(path: Path, expression: str) -> list[Any]:
    """What an expression gives for each row; raises RowsError and ExpressionError."""
    return _values(_stamp(path), expression)


@lru_cache(maxsize=64)
def _values(stamp: Stamp, expression: str) -> list[Any]:
    take = compile_path(expression)
    return [take(row) for row in rows(stamp[0])]


def checksum(path: Path) -> str:
    """The SHA-256 of a file in hexadecimal digits; raises RowsError where it cannot be read."""
    return _checksum(_stamp(path))


@lru_cache(maxsize=256)
def _checksum(stamp: Stamp) -> str:
    try:
        with open_regular(stamp[0]) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise RowsError(f"cannot be read: {error.strerror}") from error
