"""What becomes of an entry at which perfstress itself fails."""

from __future__ import annotations

import io
import traceback
from pathlib import Path

from perfstress import library
from perfstress.errors import ExitCode
from perfstress.replaying.one import Circumstances, of_a_bug
from perfstress.replaying.plan import Planned

PLANNED = Planned(library.Entry("shop", Path("shop"), {}), Path("example.yaml"), 1.0)


def failed() -> tuple[Exception, list[str]]:
    try:
        raise ZeroDivisionError("no rate")
    except ZeroDivisionError as error:
        return error, traceback.format_exception(error)


def test_a_bug_is_an_error_of_its_entry_with_its_details(tmp_path: Path) -> None:
    around = Circumstances(tmp_path, "smoke", 1, tmp_path / "replay", io.StringIO())
    result = of_a_bug(PLANNED, around, *failed())
    assert (result.verdict, result.exit_code) == ("ERROR", ExitCode.BUG)
    assert result.problem == "a bug of ours: ZeroDivisionError: no rate"
    details = (tmp_path / "replay" / "bug-shop.log").read_text()
    assert "raise ZeroDivisionError" in details
    assert "bug-shop.log" in result.hint


def test_details_that_cannot_be_kept_are_no_second_failure(tmp_path: Path) -> None:
    (tmp_path / "replay").write_text("a file where the folder should be")
    around = Circumstances(tmp_path, "smoke", 1, tmp_path / "replay", io.StringIO())
    result = of_a_bug(PLANNED, around, *failed())
    assert result.hint == "the details could not be kept"
