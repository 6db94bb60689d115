"""Files of recordings: packed, cut off, not text; hashed on the way."""

from __future__ import annotations

import gzip
import hashlib
import io
from pathlib import Path

import pytest

from perfstress import importers
from perfstress.errors import UsageError
from perfstress.importers import opened

LINE = '10.0.0.1 - - [28/Nov/2025:10:00:00 +0000] "GET /a HTTP/1.1" 200 42\n'


def refused(source: str, path: Path) -> str:
    with pytest.raises(UsageError) as raised:
        importers.read(source, path)
    assert raised.value.slug == "bad-recording"
    return raised.value.message


@pytest.mark.parametrize("pack", [lambda data: data, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_log_is_read_and_hashed(pack: object, encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(pack((LINE * 3).encode(encoding)))  # type: ignore[operator]
    recorded = importers.read("access-log", path)
    assert recorded.peak_hz == 3
    assert recorded.source.endswith(f"sha256 {hashlib.sha256(path.read_bytes()).hexdigest()}")


def test_a_line_without_an_end_is_one_line() -> None:
    data = b"a\n" + b"b" * (3 * opened.LONGEST_LINE) + b"\nc"
    assert [line[:1] for line in opened.lines(io.BytesIO(data))] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "is empty"),
        (gzip.compress(LINE.encode() * 1000)[:-20], "ends in the middle"),
        (gzip.compress(LINE.encode())[:10] + b"\xff" * 30, "is damaged"),
        (b"PK\x03\x04rest", "is a zip archive"),
        (b"\x28\xb5\x2f\xfdrest", "is compressed by zstd"),
        (b"\x00\x01\x02" * 100, "has no line"),
        (b"\xff\xd8\xff\xe0 picture", "has no line"),
    ],
)
def test_what_is_no_log_is_told_in_one_error(data: bytes, says: str, tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(data)
    assert says in refused("access-log", path)


@pytest.mark.parametrize(
    ("data", "says"),
    [(b"curl \xff", "byte 6 is not UTF-8"), (b"curl a\0b", "is not text")],
)
def test_what_is_no_text_is_refused(data: bytes, says: str, tmp_path: Path) -> None:
    path = tmp_path / "c.sh"
    path.write_bytes(data)
    assert says in refused("curl", path)


def test_a_folder_and_a_missing_file_are_told(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(UsageError, match="cannot be read") as raised:
            importers.read("curl", path)
        assert raised.value.slug == "no-such-file"
