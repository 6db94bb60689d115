"""Files that appear whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfstress.wholefile import write_whole


def test_a_file_is_replaced_and_nothing_lies_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "page.md"
    write_whole(file, "old\n")
    write_whole(file, "new\n")
    assert file.read_text() == "new\n"
    assert list(tmp_path.iterdir()) == [file]


def test_ends_of_lines_stay_where_that_is_asked(tmp_path: Path) -> None:
    write_whole(tmp_path / "page.md", "one\r\ntwo\n", newline="")
    assert (tmp_path / "page.md").read_bytes() == b"one\r\ntwo\n"


def test_what_cannot_be_written_leaves_nothing_and_the_old_one(tmp_path: Path) -> None:
    file = tmp_path / "page.md"
    write_whole(file, "old\n")
    with pytest.raises(UnicodeEncodeError):  # in the middle of writing, as a full disk would be
        write_whole(file, "new \ud800")
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(IsADirectoryError):
        write_whole(folder, "a file in the place of a folder")
    assert file.read_text() == "old\n"
    assert sorted(tmp_path.iterdir()) == [folder, file]
