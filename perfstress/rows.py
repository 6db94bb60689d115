"""Data files of journeys, in the file's order: JSON Lines, CSV with a header, or a JSON array."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from perfstress.regularfile import open_text

_HINTS = {
    ".csv": "the first row of a CSV file has the names of the fields",
    ".json": "a .json file is one array of rows: [{…}, {…}]",
}
_JSON_LINES = "write one JSON value a line (JSON Lines)"


class RowsError(ValueError):
    """A data file that cannot be read as rows; ``line`` counts from 1, 0 where there is none."""

    def __init__(self, message: str, line: int = 0, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.hint = hint


def read_rows(path: Path) -> list[Any]:
    """Every row. The name's ending says how the file is read: ``.csv`` gives an object of texts for
    each line below the header, ``.json`` is an array, anything else is JSON Lines (empty lines are
    skipped). Raises RowsError, also for a file without any row.
    """
    ending = path.suffix.lower()
    hint = _HINTS.get(ending, _JSON_LINES)
    read = {".csv": _csv, ".json": _array}.get(ending, _lines)
    try:
        newline = "" if ending == ".csv" else None
        with open_text(path, encoding="utf-8-sig", newline=newline) as file:
            rows = list(read(file, hint))
    except UnicodeDecodeError as error:
        raise RowsError("is not UTF-8", hint="save the file as UTF-8") from error
    except OSError as error:
        raise RowsError(f"cannot be read: {error.strerror}") from error
    if not rows:
        raise RowsError("has no rows", hint=hint)
    return rows


def _lines(file: TextIO, hint: str) -> Iterator[Any]:
    for number, line in enumerate(file, 1):
        if line.strip():
            yield _json(line, hint, number)


def _array(file: TextIO, hint: str) -> list[Any]:
    rows = _json(file.read(), hint)
    if not isinstance(rows, list):
        raise RowsError("is not an array", hint=hint)
    return rows


def _json(text: str, hint: str, number: int = 0) -> Any:
    where = f"line {number} is" if number else "is"
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        line = number or error.lineno
        at = "" if number else f" (line {line})"
        raise RowsError(f"{where} not JSON: {error.msg}{at}", line, hint) from error
    except RecursionError as error:
        raise RowsError(f"{where} not JSON: nested too deep", number, hint) from error


def _csv(file: TextIO, hint: str) -> Iterator[dict[str, str]]:
    reader = csv.reader(file, strict=True)
    try:
        names = next(reader, [])
        if any(not name.strip() for name in names) or len(set(names)) < len(names):
            raise RowsError("line 1 has a field without a name, or one name twice", 1, hint)
        for values in reader:
            if not values:
                continue
            if len(values) != len(names):
                found, number = f"{len(values)} fields, not {len(names)}", reader.line_num
                raise RowsError(f"line {number} has {found}", number, hint)
            yield dict(zip(names, values, strict=True))
    except csv.Error as error:
        number = reader.line_num
        raise RowsError(f"line {number} is not CSV: {error}", number, hint) from error
