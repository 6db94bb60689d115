"""A recording opened: plain or gzip, hashed while it is read, as lines or as one JSON document."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from perfstress.errors import UsageError
from perfstress.importers.recorded import bad_recording

# Longer lines are no lines of a log.
LONGEST_LINE = 1 << 20
# Documents that are read whole; a HAR is not.
LARGEST_DOCUMENT = 64 << 20

_GZIP = b"\x1f\x8b"
_PACKED = {
    b"PK\x03\x04": "a zip archive",
    b"\x28\xb5\x2f\xfd": "compressed by zstd",
    b"BZh": "compressed by bzip2",
    b"\xfd7zXZ": "compressed by xz",
}


class Hashed(io.RawIOBase):
    """A file of bytes that knows the checksum of what was read of it."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw
        self._digest = hashlib.sha256()

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """As of a raw file."""
        data = self._raw.read(len(buffer))
        buffer[: len(data)] = data
        self._digest.update(data)
        return len(data)

    def sha256(self) -> str:
        """The checksum of the whole file, of which the rest is read for it."""
        while data := self._raw.read(1 << 20):
            self._digest.update(data)
        return self._digest.hexdigest()


@contextmanager
def open_recording(path: Path) -> Iterator[tuple[BinaryIO, Hashed]]:
    """The text of a recording in bytes, unpacked, and the file that it comes from; raises
    UsageError, also for what goes wrong while it is read.
    """
    try:
        with path.open("rb") as raw:
            hashed = Hashed(raw)
            packed = io.BufferedReader(hashed, 1 << 16)
            head = packed.peek(16)
            _refuse_packed(head, path.name)
            if head.startswith(_GZIP):
                with gzip.GzipFile(fileobj=packed) as unpacked:
                    yield io.BufferedReader(unpacked, 1 << 16), hashed
            else:
                yield packed, hashed
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        said = "ends in the middle" if isinstance(error, EOFError) else "is damaged"
        raise bad_recording(f"{path.name}: the gzip file {said}", "copy it again") from error
    except OSError as error:
        message = f"{path}: cannot be read: {error.strerror}"
        raise UsageError(message, hint="check the path", slug="no-such-file") from error


def _refuse_packed(head: bytes, name: str) -> None:
    if not head:
        raise bad_recording(f"{name}: is empty", "check that the recording was written")
    for magic, said in _PACKED.items():
        if head.startswith(magic):
            raise bad_recording(f"{name}: is {said}", "unpack it first; gzip is read as it is")


def lines(file: BinaryIO) -> Iterator[str]:
    """The lines of a file, one at a time. What is not UTF-8 is replaced, and of a line that is far
    too long the beginning is given.
    """
    encoding = _encoding(file)
    if encoding != "utf-8":
        yield from io.TextIOWrapper(file, encoding=encoding, errors="replace")
        return
    while line := file.readline(LONGEST_LINE):
        text = line.decode("utf-8", "replace")
        while not line.endswith(b"\n") and line:
            line = file.readline(LONGEST_LINE)
        yield text


def _encoding(file: BinaryIO) -> str:
    head: bytes = file.peek(4)[:4] if hasattr(file, "peek") else b""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"  # what PowerShell's > writes
    if head.startswith(b"\xef\xbb\xbf"):
        file.read(3)
    return "utf-8"


def whole(file: BinaryIO, name: str) -> str:
    """The text of a file that is read whole; raises UsageError when that would be too large."""
    encoding = _encoding(file)
    data = file.read(LARGEST_DOCUMENT + 1)
    if len(data) > LARGEST_DOCUMENT:
        most = LARGEST_DOCUMENT >> 20
        raise bad_recording(f"{name}: is larger than {most} MiB", "take a part of it")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        refuse_bytes(name, error.start)
    if "\0" in text[:4096]:
        raise bad_recording(f"{name}: is not text", "check that it is the right file")
    return text


def refuse_bytes(name: str, at: int) -> NoReturn:
    """A byte that no UTF-8 has."""
    raise bad_recording(f"{name}: byte {at + 1:,} is not UTF-8", "save the file as UTF-8")


def document(file: BinaryIO, name: str) -> Any:
    """One JSON document that is read whole; raises UsageError."""
    return json_of(whole(file, name), name)


def json_of(text: str, name: str) -> Any:
    """The value of a JSON text; raises UsageError saying where it goes wrong."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        ends = not text[error.pos :].strip() or error.msg.startswith("Unterminated")
        said = "ends in the middle" if ends else f"is not JSON: {error.msg}"
        place = "" if ends else f" in line {error.lineno}, column {error.colno}"
        raise bad_recording(f"{name}: {said}{place}", "record it again, or mend it") from error
    except (RecursionError, ValueError) as error:
        raise bad_recording(f"{name}: is nested too deep, or has a number too long") from error
