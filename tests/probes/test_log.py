"""The log probe on files that are written, rotated and truncated as loggers do it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfstress.example import LogFile
from perfstress.probes.log import Log

ERRORS = LogFile(path="x").errors


def log_of(path: Path, errors: str = ERRORS) -> Log:
    return Log("app.log", path, errors)


def read(log: Log) -> dict[str, float | None]:
    return dict(log.read((), dear=True).values)


def test_lines_and_errors_count_from_the_beginning_of_the_run(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    path.write_text("ERROR before the run\n")
    log = log_of(path)
    with path.open("a") as file:
        file.write("INFO one\nERROR two\nhalf")
    size = path.stat().st_size
    assert read(log) == {"log:app.log": size, "log.lines:app.log": 2, "log.errors:app.log": 1}
    with path.open("a") as file:
        file.write(" FATAL\nTraceback (most recent call last):\nno ERRORS here\n")
    assert read(log)["log.errors:app.log"] == 3
    assert log.evidence(())["last_errors"][0] == "ERROR two"
    log.close()


def test_a_log_that_is_not_there_yet_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    log = log_of(path)
    assert read(log)["log:app.log"] == 0
    path.write_text("ERROR first\n")
    assert read(log) == {"log:app.log": 12, "log.lines:app.log": 1, "log.errors:app.log": 1}
    log.close()


def test_a_log_that_was_truncated_is_read_from_its_new_beginning(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    path.write_text("one\n" * 10)
    log = log_of(path)
    read(log)
    path.write_text("two\n")
    assert read(log) == {"log:app.log": 4, "log.lines:app.log": 1, "log.errors:app.log": 0}
    log.close()


def test_other_files_beside_it_are_no_part_of_it(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    path.write_text("x" * 10)
    (tmp_path / "app.log.1").write_text("x" * 100)
    (tmp_path / "app.log-20251120.gz").write_text("x" * 1000)
    (tmp_path / "app.logic").write_text("x" * 10_000)
    (tmp_path / "other.log").write_text("x" * 10_000)
    log = log_of(path)
    assert read(log)["log:app.log"] == 1110
    log.close()


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "app.log").mkdir()
    log = log_of(tmp_path / "app.log")
    reading = log.read((), dear=True)
    log.close()
    assert set(reading.values.values()) == {None}
    assert "cannot be read: Is a directory" in reading.problem


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.lists(st.sampled_from(["INFO a", "ERROR b", "panic: c", ""]), max_size=5),
            st.sampled_from(["rotate", "read"]),
        ),
        max_size=30,
    )
)
def test_every_line_is_counted_once_however_it_is_rotated(
    tmp_path_factory: pytest.TempPathFactory, acts: list[list[str] | str]
) -> None:
    """Rotations between two readings lose nothing as long as there is one at most: the file that
    was open is read to its end.
    """
    path = tmp_path_factory.mktemp("logs") / "app.log"
    path.touch()
    log = log_of(path)
    written: list[str] = []
    rotated = 0
    fresh = False
    for act in acts:
        if act == "read" or (act == "rotate" and fresh):
            read(log)
            fresh = False
        if act == "rotate" and path.exists():
            rotated += 1
            path.rename(path.with_name(f"app.log.{rotated}"))
            path.touch()
            fresh = True
        elif isinstance(act, list):
            with path.open("a") as file:
                file.writelines(f"{line}\n" for line in act)
            written += act
    if fresh:
        read(log)
    values = read(log)
    assert values["log.lines:app.log"] == len(written)
    errors = sum(bool(re.search(ERRORS, line)) for line in written)
    assert values["log.errors:app.log"] == errors
    assert values["log:app.log"] == sum(len(line) + 1 for line in written)
    log.close()
