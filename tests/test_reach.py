"""How far a shape reaches; what lint makes of it is in tests/rules."""

from __future__ import annotations

from pathlib import Path

from perfstress import reach
from tests.shapemap.made import http, made


def test_recorded_arrivals_reach_their_busiest_second(tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_text("0.1\n0.2\n0.3\n1.5\n")
    stage = {"name": "log", "arrivals": {"file": "log.txt", "sha256": "0" * 64}}
    example = http("one", shape__stages=[stage])
    assert reach.level(example, tmp_path) == 3.0
    assert reach.operations(example, tmp_path) == (4.0, False)


def test_a_recording_that_is_not_there_reaches_nobody_knows_what(tmp_path: Path) -> None:
    stage = {"name": "log", "arrivals": {"file": "log.txt", "sha256": "0" * 64}}
    example = http("one", shape__stages=[stage])
    assert reach.level(example, tmp_path) is None
    assert reach.operations(example, tmp_path) is None


def test_rows_are_measured(tmp_path: Path) -> None:
    (tmp_path / "carts.jsonl").write_text('{"items": [1, 2, 3]}\n{"items": []}\n')
    data = {"carts": {"file": "carts.jsonl", "sha256": "0" * 64, "measure": {"n": "length(items)"}}}
    example = http("one", workload__http__data=data)
    assert reach.size(example, tmp_path, "n", 40) == 3.0
    assert reach.size(example, tmp_path, "m", 40) is None
    assert reach.size(example, tmp_path / "elsewhere", "n", 40) is None


def test_an_input_is_counted_or_taken_at_its_word(tmp_path: Path) -> None:
    (tmp_path / "day.csv").write_text("a\nb\n")
    batch = {"target": {"command": ["wc", "{input}"]}}
    committed = {"runs": {"input": {"file": "day.csv", "sha256": "0" * 64}}}
    assert reach.size(made("one", workload=committed, **batch), tmp_path, "lines", 9) == 2.0
    assert reach.size(made("one", workload=committed, **batch), tmp_path, "bytes", 9) == 4.0
    assert reach.size(made("one", workload=committed, **batch), tmp_path, "carts", 9) is None
    command = ["python", "make.py", "--max-carts", "1000", "--seed", "7"]
    generated = {"runs": {"input": {"generate": command, "sha256": "0" * 64}}}
    assert reach.size(made("one", workload=generated, **batch), tmp_path, "max_carts", 9) == 1000.0
    assert reach.size(made("one", workload=generated, **batch), tmp_path, "lines", 7) == 7.0
    assert reach.size(made("one", workload=generated, **batch), tmp_path, "lines", 8) is None


def test_a_sweep_reaches_its_last_size() -> None:
    sweep = {"name": "items", "values": [1, 10, 1000]}
    assert (
        reach.size(made("one", shape__size=sweep, workload={"calls": {}}), Path(), "items", 9)
        == 1e3
    )
