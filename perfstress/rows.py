"""Data files of journeys: one JSON value a line, in the file's order."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


class RowsError(ValueError):
    """A data file that cannot be read as rows; ``line`` counts from 1, 0 where there is none."""

    def __init__(self, message: str, line: int = 0, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.hint = hint


def read_rows(path: Path) -> list[Any]:
    """Every row; empty lines are skipped. Raises RowsError, also for a file without any row."""
    rows: list[Any] = []
    hint = "write one JSON value a line (JSON Lines)"
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    rows.append(_row(line, number, hint))
    except UnicodeDecodeError as error:
        raise RowsError("is not UTF-8", hint="save the file as UTF-8") from error
    except OSError as error:
        raise RowsError(f"cannot be read: {error.strerror}") from error
    if not rows:
        raise RowsError("has no rows", hint=hint)
    return rows


def _row(line: str, number: int, hint: str) -> Any:
    try:
        return json.loads(line)
    except (json.JSONDecodeError, RecursionError) as error:
        message = error.msg if isinstance(error, json.JSONDecodeError) else "nested too deep"
        raise RowsError(f"line {number} is not JSON: {message}", number, hint) from error
