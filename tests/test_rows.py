"""Data files to rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfstress.rows import RowsError, read_rows


def test_rows_in_order_without_empty_lines(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"a": 1}\r\n\r\n[2]\n"\xc3\xa9"')
    assert read_rows(path) == [{"a": 1}, [2], "é"]


@pytest.mark.parametrize(
    ("data", "says", "line"),
    [
        (b"", "has no rows", 0),
        (b"\n\n", "has no rows", 0),
        (b"1\n{\n", "line 2 is not JSON", 2),
        (b'"\xff"\n', "is not UTF-8", 0),
        (b"[" * 100_000, "line 1 is not JSON: nested too deep", 1),
    ],
)
def test_what_is_no_data_file(data: bytes, says: str, line: int, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(data)
    with pytest.raises(RowsError) as raised:
        read_rows(path)
    assert says in raised.value.message
    assert raised.value.line == line


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(RowsError, match="cannot be read: No such file"):
        read_rows(tmp_path / "rows.jsonl")
