"""``perfstress growth`` on files of traces, from the command line."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from perfstress.cli import run

N = 240


def trace(name: str, per_op: float, **changes: Any) -> dict[str, Any]:
    """A trace of memory that grows by so much an operation, 20 of them a second."""
    rng = random.Random(name)
    values = [64e6 + per_op * 20 * at + rng.gauss(0, 2e4) for at in range(N)]
    return {
        "id": name,
        "unit": "bytes",
        "limit": 256e6,
        "rate": 20.0,
        "horizon_s": 86_400,
        "view": "loaded",
        "t": list(range(N)),
        "ops": [20 * at for at in range(N)],
        "value": values,
        "state": ["load"] * N,
    } | changes


def lines(path: Path, *objects: object) -> Path:
    path.write_text("".join(json.dumps(one) + "\n" for one in objects))
    return path


def judged(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, list[Any], str]:
    code = run(["growth", "--json", *map(str, arguments)])
    said = capsys.readouterr()
    return code, [json.loads(line) for line in said.out.splitlines()], said.err


def test_a_line_for_each_series_as_the_contract_has_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = lines(tmp_path / "t.jsonl", trace("leaks", 4096), trace("stands", 0))
    code, found, err = judged(capsys, file)
    assert code == 1
    assert list(found[0]) == [
        "id",
        "verdict",
        "per_op",
        "interval",
        "exhausts_in_s",
        "minimum_detectable",
    ]
    assert [(one["id"], one["verdict"]) for one in found] == [
        ("leaks", "unbounded"),
        ("stands", "bounded"),
    ]
    assert found[0]["interval"][0] < 4096 < found[0]["interval"][1]
    assert found[0]["exhausts_in_s"] == pytest.approx((256e6 - 83.6e6) / 4096 / 20, rel=0.02)
    assert found[1]["exhausts_in_s"] is None
    assert "2 series, 1 unbounded, 1 bounded" in err


@pytest.mark.parametrize(
    ("traces", "code"),
    [
        ([trace("stands", 0)], 0),
        ([trace("stands", 0), trace("short", 0, t=[0], ops=[0], value=[1], state=["load"])], 125),
        ([trace("leaks", 4096), trace("short", 0, t=[0], ops=[0], value=[1], state=["load"])], 1),
    ],
)
def test_the_worst_verdict_is_the_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], traces: list[Any], code: int
) -> None:
    assert judged(capsys, lines(tmp_path / "t.jsonl", *traces))[0] == code


def test_what_is_wrong_with_one_line_is_told_and_holds_up_no_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "t.jsonl"
    lines(file, trace("one", 4096), trace("two", 0, t=[0.0, 1.0]), trace("three", 0))
    file.write_text(file.read_text() + "{not json\n")
    code, found, err = judged(capsys, file)
    assert code == 2
    assert [one["id"] for one in found] == ["one", "three"]
    assert f"{file}:2:1: has 2 of t, 240 of state; they have to agree  [bad-trace]" in err
    assert f"{file}:4:1: " in err
    assert "2 could not be read" in err


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ops": [5.0, 3.0] + [9.0] * (N - 2)}, "ops goes back from 5 to 3 at reading 1"),
        ({"value": ["much"] * N}, "value.0: "),
        ({"limit": -1}, "limit is -1; it has to be above zero"),
        ({"horizon_s": None}, "has a limit and no horizon"),
        ({"unit": "pages"}, "unit: "),
        ({"t": None}, "t: "),
    ],
)
def test_a_trace_that_cannot_be_judged_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, Any], said: str
) -> None:
    code, found, err = judged(capsys, lines(tmp_path / "t.jsonl", trace("one", 0, **changes)))
    assert (code, found) == (2, [])
    assert said in err


def test_readings_that_could_not_be_made_are_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    holed = trace("leaks", 4096)
    holed["value"][::7] = [None] * len(holed["value"][::7])
    code, found, _ = judged(capsys, lines(tmp_path / "t.jsonl", holed))
    assert (code, found[0]["verdict"]) == (1, "unbounded")


def test_options_stand_for_what_the_file_does_not_say(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = trace("slow", 50)
    for key in ("limit", "rate", "horizon_s", "unit", "view", "state"):
        del bare[key]
    file = lines(tmp_path / "t.jsonl", bare)
    near = judged(capsys, file, "--limit", "80MB", "--rate", "20/s", "--horizon", "7d")
    far = judged(capsys, file, "--limit", "1TiB", "--rate", "20/s", "--horizon", "1h")
    assert (near[0], far[0]) == (1, 0)


def test_a_table_has_a_series_in_each_column(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    leaks, stands = trace("a", 4096), trace("b", 0)
    rows = ["time,operations,heap_bytes,cache_bytes,requests_total"]
    rows += [
        f"2026-11-20T10:{at // 60:02}:{at % 60:02}Z,{20 * at},{leaks['value'][at]:.0f},"
        f"{'' if at % 9 == 4 else round(stands['value'][at])},{at}"
        for at in range(N)
    ]
    file = tmp_path / "t.csv"
    file.write_text("\n".join(rows) + "\n")
    code, found, err = judged(capsys, file, "--limit", "256MB", "--horizon", "1d")
    assert code == 1
    assert [(one["id"], one["verdict"]) for one in found] == [
        ("heap_bytes", "unbounded"),
        ("cache_bytes", "bounded"),
    ]
    assert found[0]["per_op"] == pytest.approx(4096, rel=0.01)
    assert "1 left out" in err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("time,heap\n0,1\n1\n", "3:1: 1 values under 2 names"),
        ("time,heap\n0,1\n1,much\n", "3:1: column 'heap': 'much' is not a number"),
        ("time,heap\nyesterday,1\n", "2:1: column 'time': 'yesterday' is neither seconds"),
        ("0,1\n1,2\n", "1:1: the first line has to hold names"),
        ("time,heap\n", "1:1: has names of columns and no row"),
        ("heap\n1\n", "1:1: not a table"),
        ("", "1:1: not a table"),
    ],
)
def test_what_is_wrong_with_a_table_is_told_with_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    file = tmp_path / "t.csv"
    file.write_text(text)
    code, found, err = judged(capsys, file)
    assert (code, found) == (2, [])
    assert said in err


def matrix(**series: list[float]) -> dict[str, Any]:
    result = [
        {
            "metric": {"__name__": name, "job": "shop"},
            "values": [[1.7e9 + at, str(value)] for at, value in enumerate(values)],
        }
        for name, values in series.items()
    ]
    return {"status": "success", "data": {"resultType": "matrix", "result": result}}


@pytest.mark.parametrize("indent", [None, 2])
def test_a_range_query_of_prometheus_is_judged_against_a_counter_of_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], indent: int | None
) -> None:
    done = [20.0 * at for at in range(N)]
    done[N // 2 :] = [value - done[N // 2] for value in done[N // 2 :]]  # the counter was reset
    answer = matrix(
        heap_bytes=trace("a", 4096)["value"], http_requests_total=done, other_total=done
    )
    file = tmp_path / "answer.json"
    file.write_text(json.dumps(answer, indent=indent))
    code, found, err = judged(
        capsys, file, "--ops", "http_requests_total", "--limit", "256MB", "--horizon", "1d"
    )
    assert (code, len(found)) == (1, 1)
    assert found[0]["id"] == 'heap_bytes{job="shop"}'
    assert found[0]["per_op"] == pytest.approx(4096, rel=0.02)
    assert "1 left out" in err


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"status": "error", "error": "parse error"}, "the query failed: parse error"),
        (
            {"status": "success", "data": {"resultType": "vector", "result": []}},
            "resultType is 'vector'",
        ),
        ([], "a list; wanted the whole answer"),
    ],
)
def test_an_answer_that_is_no_matrix_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], answer: object, said: str
) -> None:
    file = tmp_path / "answer.json"
    file.write_text(json.dumps(answer))
    code, _, err = judged(capsys, file)
    assert code == 2
    assert said in err


@pytest.mark.parametrize(
    ("arguments", "slug"),
    [
        (["nowhere.jsonl"], "no-such-file"),
        (["."], "not-a-file"),
        (["x.jsonl", "--limit", "much"], "bad-option"),
        (["x.jsonl", "--limit", "-5"], "bad-option"),
        (["x.jsonl", "--rate", "20"], "bad-option"),
        (["x.jsonl", "--horizon", "0s"], "bad-option"),
    ],
)
def test_a_wrong_command_line_is_told(
    capsys: pytest.CaptureFixture[str], arguments: list[str], slug: str
) -> None:
    assert run(["growth", *arguments]) == 2
    assert f"[{slug}]" in capsys.readouterr().err


def test_for_people_each_line_says_what_it_rests_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = lines(tmp_path / "t.jsonl", trace("leaks", 4096), trace("stands", 0))
    run(["growth", str(file)])
    leaks, stands = capsys.readouterr().out.splitlines()
    assert leaks.startswith("unbounded     leaks: ")
    assert "the limit of 244 MiB is reached after 35" in leaks
    assert "would not have been seen" in stands
