"""Files that somebody else names, opened without waiting: what is no regular file is refused.

A pipe opens only when somebody writes to it, and a device may never end: either would hold up the
whole command without a word.
"""

from __future__ import annotations

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path
from typing import TextIO

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
# Nothing that is opened so keeps anybody waiting; a regular file is read as ever.
_AT_ONCE = getattr(os, "O_NONBLOCK", 0)


class NotRegularError(OSError):
    """The path leads to something that is no file; ``strerror`` says what it is."""

    def __init__(self, kind: str, path: str) -> None:
        super().__init__(errno.EINVAL, f"it is {kind}, not a file", path)
        self.kind = kind


def kind_of(path: str | os.PathLike[str]) -> str:
    """What a path leads to that is no regular file: ``a pipe``; empty for a file, and for nothing
    at all.
    """
    try:
        return _kind(os.stat(path).st_mode)
    except OSError:
        return ""


def _kind(mode: int) -> str:
    if stat.S_ISREG(mode):
        return ""
    return next((told for is_one, told in _KINDS if is_one(mode)), "something else")


def open_descriptor(path: str | os.PathLike[str], flags: int = os.O_RDONLY) -> int:
    """A descriptor of a regular file; raises NotRegularError, or what ``open`` does."""
    name = os.fspath(path)
    _refuse(os.stat(name).st_mode, name)  # before it is opened: that may do something to a device
    descriptor = os.open(name, flags | _AT_ONCE | os.O_CLOEXEC)
    try:
        _refuse(os.fstat(descriptor).st_mode, name)  # it may have been put there meanwhile
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _refuse(mode: int, name: str) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), name)
    if kind := _kind(mode):
        raise NotRegularError(kind, name)


def open_regular(path: str | os.PathLike[str]) -> BufferedReader:
    """A regular file to be read as bytes; raises as ``open_descriptor``."""
    return open(path, "rb", opener=open_descriptor)


def open_text(
    path: str | os.PathLike[str], *, encoding: str = "utf-8", newline: str | None = None
) -> TextIO:
    """A regular file to be read as text, ``newline`` as for ``open``; raises as
    ``open_descriptor``.
    """
    return open(path, encoding=encoding, newline=newline, opener=open_descriptor)


def read_bytes(path: Path) -> bytes:
    """All of a regular file; raises as ``open_descriptor``."""
    with open_regular(path) as file:
        return file.read()


def read_text(path: Path, encoding: str = "utf-8") -> str:
    """All of a regular file as text; raises as ``open_descriptor``, and UnicodeDecodeError."""
    with open_text(path, encoding=encoding) as file:
        return file.read()
