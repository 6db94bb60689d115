"""Checksums that lint puts right: in place, with nothing else changed, and whole or not at all."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from perfstress import mending, yamlio
from perfstress.errors import UsageError

ROWS = b'{"user": "ann"}\n'
SUM = hashlib.sha256(ROWS).hexdigest()
OLD = "0" * 64

BLOCK = """\
# The carts of a day.
workload:
  http:
    data:
      carts:
        # of the shop
        file: rows.jsonl   # one a line
        sha256: @          # from sha256sum
        order: shuffled
      pages: {file: rows.jsonl, sha256: @, order: sequential}   # flow
"""


def example(tmp_path: Path, text: str, name: str = "x.yaml") -> Path:
    (tmp_path / "rows.jsonl").write_bytes(ROWS)
    path = tmp_path / name
    path.write_bytes(text.encode())
    return path


@pytest.mark.parametrize("old", [OLD, "TODO", f'"{OLD}"', "'changeme'"])
def test_a_wrong_checksum_is_put_right_and_nothing_else(tmp_path: Path, old: str) -> None:
    path = example(tmp_path, BLOCK.replace("@", old))
    mended = mending.mend(path)
    assert path.read_text() == BLOCK.replace("@", SUM)
    assert [(one.line, one.place) for one in mended] == [
        (8, "workload.http.data.carts.sha256"),
        (10, "workload.http.data.pages.sha256"),
    ]
    assert mending.mend(path) == []


def test_a_missing_checksum_is_put_in(tmp_path: Path) -> None:
    text = BLOCK.replace("        sha256: @          # from sha256sum\n", "")
    path = example(tmp_path, text.replace(", sha256: @", ""))
    mending.mend(path)
    data = (yamlio.plain(path.read_text()) or {})["workload"]["http"]["data"]
    assert data["carts"] == {"file": "rows.jsonl", "sha256": SUM, "order": "shuffled"}
    assert data["pages"] == {"file": "rows.jsonl", "sha256": SUM, "order": "sequential"}
    assert "# of the shop" in path.read_text()
    assert "# one a line" in path.read_text()


def test_line_ends_and_modes_are_kept(tmp_path: Path) -> None:
    text = BLOCK.replace("        sha256: @          # from sha256sum\n", "").replace("@", OLD)
    path = example(tmp_path, text.replace("\n", "\r\n"))
    path.chmod(0o640)
    mending.mend(path)
    written = path.read_bytes()
    assert written.count(b"\n") == written.count(b"\r\n") == BLOCK.count("\n")
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    path = example(tmp_path, BLOCK.replace("@", OLD))
    link = tmp_path / "link.yaml"
    link.symlink_to(path)
    assert len(mending.mend(link)) == 2
    assert link.is_symlink()
    assert SUM in path.read_text()


@pytest.mark.parametrize(
    "text",
    [
        BLOCK.replace("@", SUM),
        BLOCK.replace("@", OLD).replace("rows.jsonl", "gone.jsonl"),
        BLOCK.replace("@", OLD) + "  http: twice\n",
        "workload: [",
        "",
    ],
)
def test_what_is_left_alone(tmp_path: Path, text: str) -> None:
    path = example(tmp_path, text)
    assert mending.mend(path) == []
    assert path.read_text() == text


def test_a_promoted_copy_is_never_mended(tmp_path: Path) -> None:
    folder = tmp_path / "regressions" / "x"
    folder.mkdir(parents=True)
    path = example(folder, BLOCK.replace("@", OLD), "example.yaml")
    assert mending.mend(path) == []
    assert OLD in path.read_text()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    path = example(tmp_path, BLOCK.replace("@", OLD))
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(UsageError, match="cannot be written"):
            mending.mend(path)
    finally:
        tmp_path.chmod(0o700)
