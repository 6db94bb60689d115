"""What is kept of comparisons, and when it is not believed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from perfstress import ownfolder
from perfstress.commits import compared

KNOWN = {
    (f"{n:040x}", f"{n + 1:040x}"): [{"field": "shape.epochs", "before": 8, "after": n}]
    for n in range(60)
}


def test_what_was_kept_is_known_again(tmp_path: Path) -> None:
    compared.save(tmp_path, KNOWN, KNOWN)
    assert compared.load(tmp_path) == KNOWN
    assert (tmp_path / ownfolder.OWN / ".gitignore").read_text() == "*\n"


def test_another_program_is_not_believed(tmp_path: Path) -> None:
    compared.save(tmp_path, KNOWN, KNOWN)
    file = tmp_path / compared.FILE
    kept = json.loads(file.read_text())
    file.write_text(json.dumps({**kept, "by": "another"}))
    assert compared.load(tmp_path) == {}


@pytest.mark.parametrize("text", ["", "[]", "{", '{"by": 1}', "null"])
def test_a_damaged_file_is_none(tmp_path: Path, text: str) -> None:
    file = tmp_path / compared.FILE
    file.parent.mkdir(parents=True)
    file.write_text(text)
    assert compared.load(tmp_path) == {}


def test_few_are_not_worth_a_file(tmp_path: Path) -> None:
    compared.save(tmp_path, KNOWN, list(KNOWN)[:3])
    assert not (tmp_path / ownfolder.OWN).exists()


def test_nothing_is_kept_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / ownfolder.OWN).write_text("a file in the way")
    compared.save(tmp_path, KNOWN, KNOWN)
    assert compared.load(tmp_path) == {}
