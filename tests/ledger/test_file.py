"""The file of the ledger: appended, read back, and told on the page of an entry."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfstress.errors import LibraryError
from perfstress.ledger import FILE, Catch, kept, record
from perfstress.ledger.file import NOTHING, section, with_section

ONE = Catch(
    example="price-soak",
    kind="memory-growth",
    resource="memory",
    label="UNBOUNDED",
    per_op=40.0,
    unit="B/op",
    summary="memory grows by 40 B per call",
    run="20261120T100000Z-1111111",
    found="1" * 40,
    found_at="2026-11-20T10:00:00.000+00:00",
    dirty=False,
    seconds=45.0,
    processes=2,
)
MENDED = dataclasses.replace(ONE, mended="2" * 40)


def test_a_project_without_a_ledger_has_caught_nothing(tmp_path: Path) -> None:
    assert kept(tmp_path) == []


def test_lines_are_appended_and_never_twice(tmp_path: Path) -> None:
    assert record(tmp_path, [ONE]) == [ONE]
    assert record(tmp_path, [ONE]) == []
    assert len((tmp_path / FILE).read_text().splitlines()) == 1


def test_a_later_line_of_the_same_key_counts_and_the_older_one_stays(tmp_path: Path) -> None:
    record(tmp_path, [ONE])
    before = (tmp_path / FILE).read_bytes()
    assert record(tmp_path, [MENDED]) == [MENDED]
    assert kept(tmp_path) == [MENDED]
    assert (tmp_path / FILE).read_bytes().startswith(before)


def test_a_file_without_a_last_newline_goes_on_in_a_line_of_its_own(tmp_path: Path) -> None:
    record(tmp_path, [ONE])
    path = tmp_path / FILE
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    other = dataclasses.replace(ONE, resource="fds")
    record(tmp_path, [other])
    assert kept(tmp_path) == [other, ONE]


@pytest.mark.parametrize("line", ["{", "[]", "{}", '{"class": "x", "more": 1}', "<<<<<<< HEAD"])
def test_a_damaged_line_is_told_with_its_place(tmp_path: Path, line: str) -> None:
    record(tmp_path, [ONE])
    with (tmp_path / FILE).open("a") as file:
        file.write(line + "\n")
    with pytest.raises(LibraryError) as caught:
        kept(tmp_path)
    assert caught.value.slug == "damaged-ledger"
    assert "regressions/caught.jsonl:2: " in caught.value.message


text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(st.builds(Catch, **{each.name: text for each in dataclasses.fields(Catch)[:4]},
    per_op=st.none() | st.floats(allow_nan=False, allow_infinity=False), unit=text, summary=text,
    run=text, found=st.none() | text, found_at=text, dirty=st.booleans(),
    seconds=st.floats(0, 1e6), processes=st.integers(1, 64), mended=st.none() | text))  # fmt: skip
def test_what_is_written_is_read(catch: Catch) -> None:
    assert Catch.from_json(catch.as_json()) == catch


def test_the_page_of_an_entry_tells_it(tmp_path: Path) -> None:
    page = tmp_path / "regressions" / "price-soak" / "README.md"
    page.parent.mkdir(parents=True)
    page.write_text(f"# price-soak\n\nPromoted.\n\n{NOTHING}")
    record(tmp_path, [MENDED])
    assert page.read_text() == (
        "# price-soak\n\nPromoted.\n\nIt has caught:\n\n"
        "- memory-growth of memory, found at `1111111` on 2026-11-20, mended in `2222222`: "
        "memory grows by 40 B per call\n"
    )
    record(tmp_path, [dataclasses.replace(ONE, resource="fds")])
    told = page.read_text()
    assert told.count("It has caught") == 1
    assert "- memory-growth of fds, found at `1111111` on 2026-11-20, not mended yet: " in told


def test_what_stands_behind_the_section_stays() -> None:
    page = f"# one\n\n{NOTHING}\n## After\n\nIt has more.\n"
    assert with_section(page, [ONE]) == f"# one\n\n{section([ONE])}\n## After\n\nIt has more.\n"
    assert with_section("# one\n", []) == f"# one\n\n{NOTHING}"


def test_what_people_have_written_stays() -> None:
    page = "# one\n\nIt has caught a slow start.\n"
    assert with_section(page, [ONE]) == f"{page}\n{section([ONE])}"


def test_at_the_latest_is_another_word() -> None:
    told = section([dataclasses.replace(MENDED, at_the_latest=True)])
    assert "mended by `2222222`" in told
