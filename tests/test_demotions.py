"""The page of what was taken out of the library."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfstress import demotions, library
from perfstress.demotions import Demotion


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / library.FOLDER).mkdir()
    return tmp_path


def test_what_is_written_is_read(root: Path) -> None:
    first = Demotion("shop", "2026-11-20", "abc1234", "the shop | was\n sold")
    demotions.record(root, first)
    demotions.record(root, Demotion("other", "2026-11-21", "abc1235", "no longer built"))
    found = demotions.demotions(root)
    assert found["shop"].reason == "the shop | was sold"
    assert str(found["other"]) == (
        "other was demoted on 2026-11-21 (last in abc1235): no longer built"
    )


def test_the_last_demotion_counts_and_the_first_stays(root: Path) -> None:
    demotions.record(root, Demotion("shop", "2026-11-20", "a1", "first"))
    page = demotions.record(root, Demotion("shop", "2026-12-20", "a2", "second"))
    assert demotions.demotions(root)["shop"].reason == "second"
    assert page.read_text().count("| shop |") == 2


def test_prose_that_was_added_by_hand_stays(root: Path) -> None:
    page = demotions.record(root, Demotion("shop", "2026-11-20", "a1", "first"))
    page.write_text(page.read_text() + "\nA remark without an end of line")
    demotions.record(root, Demotion("other", "2026-11-20", "a1", "second"))
    assert "A remark" in page.read_text()
    assert set(demotions.demotions(root)) == {"shop", "other"}


def test_without_a_page_nothing_was_demoted(tmp_path: Path) -> None:
    assert demotions.demotions(tmp_path) == {}
