"""What lint can mend by itself: the checksums of the files that an example names."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perfstress import library, regularfile, yamlio
from perfstress.errors import UsageError
from perfstress.places import Place, dotted, keys_at


@dataclass(frozen=True, slots=True)
class Mended:
    """One checksum that was put right; ``before`` is empty where there was none."""

    path: Path
    line: int
    column: int
    place: str
    file: str
    before: str
    after: str

    def __str__(self) -> str:
        """``file:line:col: place: what it was -> what it is``."""
        before = self.before if len(self.before) <= 12 else self.before[:12] + "…"
        where = f"{self.path}:{self.line}:{self.column}"
        return (
            f"{where}: {self.place} of {self.file!r}: {before or 'nothing'} -> {self.after[:12]}…"
        )


def is_promoted(path: Path) -> bool:
    """Whether a file is a frozen copy in the regression library, which nobody mends in place."""
    real = Path(os.path.realpath(path))
    is_named = real.name in (library.EXAMPLE, library.SMOKE)
    return is_named and real.parent.parent.name == library.FOLDER


def mend(path: Path) -> list[Mended]:
    """Put right every checksum of a committed file that an example names; comments and all else
    stay as they are. The file is written whole or not at all; it is not written where nothing
    changes, where it cannot be read as YAML, and where it is a promoted copy.

    Raises UsageError where the example cannot be written.
    """
    if is_promoted(path):
        return []
    try:
        text = regularfile.read_bytes(path).decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return []  # told by lint
    document, reading = yamlio.read(text, str(path))
    if document is None or reading.problems:
        return []
    lines = text.split("\n")
    found: list[Mended] = []
    for place, part in _with_files(document, ()):
        one = _mended(path, place, part, reading.positions, lines)
        if one is not None:
            found.append(one)
    if found and yamlio.plain("\n".join(lines)) is not None:
        _write(path, "\n".join(lines))
        return sorted(found, key=lambda each: (each.line, each.column))
    return []


def _with_files(value: Any, place: Place) -> Iterator[tuple[Place, Mapping[str, Any]]]:
    """Every mapping of the document that names a file and may have its checksum; those that come
    last first, so that a line that is put in moves none that is still to be changed.
    """
    inner: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    for step, each in reversed(inner):
        yield from _with_files(each, (*place, step))
    is_named = isinstance(value, dict) and isinstance(value.get("file"), str)
    if is_named and {"file", "sha256"} <= keys_at(place):
        yield place, value


def _mended(
    path: Path,
    place: Place,
    part: Mapping[str, Any],
    positions: Mapping[Place, yamlio.Position],
    lines: list[str],
) -> Mended | None:
    """Change the one line of a checksum, or put one in behind its file's name."""
    try:
        with regularfile.open_regular(path.parent / part["file"]) as file:
            seen = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None  # told by no-file
    there = (*place, "sha256") in positions
    before = str(part["sha256"]) if there else ""
    if before == seen:
        return None
    at = positions[*place, "sha256" if there else "file"]
    if not at.plain or at.raw is None:
        return None  # over several lines: told, and left to the author
    line, column = at.line - 1, at.column - 1
    written = lines[line][column:]
    raw = written[0] + at.raw + written[0] if at.quoted else at.raw
    if not written.startswith(raw):
        return None
    head, tail = lines[line][:column], written[len(raw) :]
    if there:
        lines[line] = head + seen + tail
    elif lines[line][: at.key_column - 1].strip(" -") == "" and at.key_line == at.line:
        lines.insert(line + 1, " " * (at.key_column - 1) + f"sha256: {seen}" + _end(lines[line]))
    else:
        lines[line] = f"{head}{raw}, sha256: {seen}{tail}"
    said = dotted((*place, "sha256"))
    return Mended(path, at.line, at.column, said, part["file"], before, seen)


def _end(line: str) -> str:
    """The carriage return of a file from Windows."""
    return "\r" if line.endswith("\r") else ""


def _write(path: Path, text: str) -> None:
    real = Path(os.path.realpath(path))  # what a link points at, not the link
    temporary = real.with_name(f".{real.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(text.encode("utf-8"))
        shutil.copymode(real, temporary)
        os.replace(temporary, real)
    except OSError as error:
        raise UsageError(
            f"{path}: cannot be written: {error.strerror}",
            hint="mend the permissions of its folder, or write the checksum by hand",
            slug="unwritable",
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
