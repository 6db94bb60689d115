"""What was replayed before, as far as it can be read."""

from __future__ import annotations

from pathlib import Path

from perfstress.replaying import records
from perfstress.replaying.records import Record, Records


def record(verdict: str, seconds: float = 1.0, commit: str | None = None, **more: str) -> Record:
    return Record("shop", "2026-11-20T10:00:00+00:00", verdict, seconds, commit, "m", **more)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    (tmp_path / ".perfstress").mkdir()
    records.append(tmp_path, record("PASS", 2.0, "c1"))
    records.append(tmp_path, record("FAIL", 4.0, "c2"))
    kept = records.read(tmp_path)
    assert kept.seconds("shop", "example.yaml") == 3.0
    assert kept.passed_at("shop") == "c1"
    trouble = kept.trouble("shop")
    assert trouble is not None
    assert trouble.verdict == "FAIL"
    assert kept.trouble("other") is None


def test_without_a_file_nothing_is_known_and_nothing_fails(tmp_path: Path) -> None:
    records.append(tmp_path, record("PASS"))  # there is no folder to write it to
    assert records.read(tmp_path).seconds("shop", "example.yaml") is None


def test_a_torn_line_costs_itself_only(tmp_path: Path) -> None:
    (tmp_path / ".perfstress").mkdir()
    file = tmp_path / records.FILE
    records.append(tmp_path, record("PASS", 2.0))
    file.write_bytes(file.read_bytes() + b'{"name":"shop","at"')
    records.append(tmp_path, record("PASS", 4.0))
    assert records.read(tmp_path).seconds("shop", "example.yaml") == 3.0


def test_lines_of_another_kind_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / ".perfstress").mkdir()
    lines = [
        "[]",
        "5",
        '{"name":"shop"}',
        '{"name":"shop","at":"x","verdict":"PASS","seconds":NaN}',
    ]
    (tmp_path / records.FILE).write_text("\n".join(lines) + "\n")
    assert records.read(tmp_path).seconds("shop", "example.yaml") is None


def test_only_the_newest_tries_tell() -> None:
    kept = Records([record("FAIL", 100.0), *[record("PASS", 2.0)] * 5])
    assert kept.trouble("shop") is None
    assert kept.seconds("shop", "example.yaml") == 2.0


def test_a_failure_is_worse_than_an_open_verdict_and_an_error_took_no_time() -> None:
    kept = Records([record("FAIL", 3.0), record("INCONCLUSIVE", 5.0), record("ERROR", 0.0)])
    trouble = kept.trouble("shop")
    assert trouble is not None
    assert trouble.verdict == "ERROR"
    assert kept.seconds("shop", "example.yaml") == 4.0


def test_the_shrunk_shape_has_a_time_of_its_own() -> None:
    kept = Records([record("PASS", 60.0), record("PASS", 2.0, example="smoke.yaml")])
    assert kept.seconds("shop", "smoke.yaml") == 2.0


def test_a_long_file_is_read_from_its_end(tmp_path: Path) -> None:
    (tmp_path / ".perfstress").mkdir()
    old = b'{"name":"shop","at":"x","verdict":"FAIL","seconds":9}\n' * 50_000
    (tmp_path / records.FILE).write_bytes(old)
    for _ in range(5):
        records.append(tmp_path, record("PASS", 1.0))
    kept = records.read(tmp_path)
    assert kept.seconds("shop", "example.yaml") == 1.0
    assert kept.trouble("shop") is None
