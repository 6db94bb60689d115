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


def test_csv_has_its_names_in_the_first_row(tmp_path: Path) -> None:
    path = tmp_path / "rows.CSV"
    path.write_bytes(b'\xef\xbb\xbfuser,note\r\nann,"a, ""b""\nc"\r\n\r\nbob,\r\n')
    assert read_rows(path) == [{"user": "ann", "note": 'a, "b"\nc'}, {"user": "bob", "note": ""}]


def test_json_is_one_array(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    path.write_text('[{"a": 1},\n 2]')
    assert read_rows(path) == [{"a": 1}, 2]


@pytest.mark.parametrize(
    ("name", "data", "says", "line"),
    [
        ("rows.csv", b"", "has no rows", 0),
        ("rows.csv", b"a,b\n", "has no rows", 0),
        ("rows.csv", b"a,\n1,2\n", "without a name", 1),
        ("rows.csv", b"a,a\n1,2\n", "one name twice", 1),
        ("rows.csv", b"a,b\n1,2\n1,2,3\n", "line 3 has 3 fields, not 2", 3),
        ("rows.csv", b'a,b\n1,"2\n', "is not CSV", 2),
        ("rows.json", b"", "is not JSON", 1),
        ("rows.json", b"[]", "has no rows", 0),
        ("rows.json", b'{"a": 1}', "is not an array", 0),
        ("rows.json", b"[1,\n", "is not JSON", 2),
    ],
)
def test_what_is_no_table(name: str, data: bytes, says: str, line: int, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(RowsError) as raised:
        read_rows(path)
    assert says in raised.value.message
    assert raised.value.line == line


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(RowsError, match="cannot be read: No such file"):
        read_rows(tmp_path / "rows.jsonl")
