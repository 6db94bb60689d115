"""Series that were recorded elsewhere, for the judge of growth: a module per format, one table."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from perfstress.errors import Problem, UsageError
from perfstress.regularfile import NotRegularError, open_regular
from perfstress.traces import jsonl, matrix, table
from perfstress.traces.trace import Found, Settings, Trace

# From a file and what the command line adds, each trace or what is wrong with it, in order.
Reader = Callable[[Path, Settings], Iterator[Found]]

READERS: Mapping[str, Reader] = {"jsonl": jsonl.read, "csv": table.read, "prometheus": matrix.read}
# A line this long is no heading of a table, and more need not be seen of a JSON object.
_PEEK_BYTES = 65_536


def read(path: Path, settings: Settings) -> Iterator[Found]:
    """The traces of a file one after the other; raises UsageError when it cannot be read at all."""
    try:
        yield from READERS[format_of(path)](path, settings)
    except FileNotFoundError:
        raise UsageError(
            f"{path}: no such file", hint="name files of traces", slug="no-such-file"
        ) from None
    except IsADirectoryError:
        raise UsageError(
            f"{path}: is a folder", hint="name the files in it", slug="not-a-file"
        ) from None
    except NotRegularError as error:
        raise UsageError(
            f"{path}: is {error.kind}, not a file",
            hint="write what comes out of it to a file, and name that",
            slug="not-a-file",
        ) from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}", slug="unreadable") from error
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{path}: byte {error.start} is not UTF-8",
            hint="save the file as UTF-8",
            slug="not-utf8",
        ) from error


def format_of(path: Path) -> str:
    """Which of ``READERS`` a file is for, by what it begins with."""
    with open_regular(path) as file:
        head = file.read(_PEEK_BYTES)
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not start.startswith((b"{", b"[")):
        return "csv"
    first = start.split(b"\n", 1)[0]
    try:
        keys = json.loads(first)
    except ValueError:  # longer than what was looked at, or of several lines
        is_matrix = b'"resultType"' in start or b'"values"' in start or b'"status"' in start
        return "prometheus" if is_matrix else "jsonl"
    is_matrix = isinstance(keys, list) or bool({"status", "data", "resultType"} & keys.keys())
    return "prometheus" if is_matrix else "jsonl"


__all__ = ["READERS", "Found", "Problem", "Settings", "Trace", "format_of", "read"]
