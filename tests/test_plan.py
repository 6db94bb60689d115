"""From the shape to epochs: pauses, steps, iterations and recordings."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from perfstress.arrivals import ArrivalsError
from perfstress.library import referenced_files
from perfstress.plan import Epoch, blocks, epochs, highest_level, total_ops
from perfstress.schedule import arrivals_of
from tests.support.small import example


def planned(*stages: dict[str, Any], folder: Path | None = None, **shape: Any) -> list[Epoch]:
    given = {f"shape__{key}": value for key, value in shape.items()}
    named = [{"name": f"s{number}", **stage} for number, stage in enumerate(stages)]
    scale = given.pop("shape__scale", 1.0)
    return epochs(example(shape__stages=named, **given), folder=folder, scale=scale)


def test_a_pause_asks_for_nothing() -> None:
    first, pause, last = plan = planned(
        {"rate": "10/s", "for": "1s"}, {"pause": "30s"}, {"rate": "10/s", "for": "2s"}
    )
    assert (pause.kind, pause.start_level, pause.end_level) == ("idle", 0, 0)
    assert pause.duration_ns == 30 * 10**9
    assert total_ops(plan) == 30
    assert blocks(plan) == [(first, pause, last)]
    assert list(arrivals_of(pause)) == []


@pytest.mark.parametrize(
    ("steps", "levels"),
    [
        ({"from": "50/s", "to": "200/s", "by": "50/s"}, [50, 100, 150, 200]),
        ({"from": "50/s", "to": "190/s", "by": "50/s"}, [50, 100, 150, 190]),
        ({"from": "200/s", "to": "50/s", "by": "75/s"}, [200, 125, 50]),
        ({"from": "0.1/s", "to": "0.3/s", "by": "0.1/s"}, [0.1, 0.2, 0.3]),
        ({"from": "7/s", "to": "7/s", "by": "1/s"}, [7]),
    ],
)
def test_steps_are_stages(steps: dict[str, str], levels: list[float]) -> None:
    plan = planned(
        {"rate": "0.1/s", "for": "1s"}, {"name": "climb", "steps": {**steps, "each": "3s"}}
    )
    climb = plan[1:]
    assert [epoch.start_level for epoch in climb] == pytest.approx(levels)
    assert [epoch.end_level for epoch in climb] == pytest.approx(levels)
    assert [epoch.stage for epoch in climb] == [f"climb-{n}" for n in range(1, len(levels) + 1)]
    assert {epoch.duration_ns for epoch in climb} == {3 * 10**9}
    assert len({epoch.seed for epoch in plan}) == len(plan)
    assert highest_level(plan) == pytest.approx(max(levels))


def test_steps_of_users() -> None:
    steps = {"from": 1, "to": 9, "by": 4, "each": "1s"}
    plan = planned({"steps": steps}, model="closed")
    assert [epoch.end_level for epoch in plan] == [1, 5, 9]


def test_iterations_are_of_each_user() -> None:
    (epoch,) = planned({"users": 10, "iterations": 100}, model="closed")
    assert (epoch.iterations, epoch.ops) == (100, 1000)
    (epoch,) = planned({"users": 10, "iterations": 100}, model="closed", scale=0.25)
    assert (epoch.iterations, epoch.ops) == (25, 250)


def recorded(path: Path, **more: Any) -> dict[str, Any]:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return {"arrivals": {"file": path.name, "sha256": digest}, **more}


def test_a_recording_is_as_long_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "times.txt"
    path.write_text("".join(f"{number / 8}\n" for number in range(80)))
    (epoch,) = planned(recorded(path), folder=tmp_path)
    assert (epoch.duration_ns, epoch.start_level, epoch.spread) == (10 * 10**9, 8, False)
    assert total_ops([epoch]) == 80
    assert sum(map(len, arrivals_of(epoch))) == 80
    (half,) = planned(recorded(path), folder=tmp_path, scale=0.5)
    assert (half.duration_ns, half.start_level) == (5 * 10**9, 8)
    (part,) = planned(recorded(path, **{"for": "1s"}), folder=tmp_path)
    assert sum(map(len, arrivals_of(part))) == 8
    assert Epoch.from_json(epoch.as_json()) == epoch


def test_a_recording_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "times.txt"
    path.write_text("0\n1\n")
    stage = recorded(path)
    path.unlink()
    with pytest.raises(ArrivalsError):
        planned(stage, folder=tmp_path)
    with pytest.raises(ValueError, match="folder"):
        planned(stage)


def test_bodies_go_into_the_library_with_their_example(tmp_path: Path) -> None:
    steps = [
        {"post": "/", "body": {"file": "data/a.bin"}},
        {"post": "/", "multipart": {"x": "text", "y": {"file": "data/b.bin"}}},
    ]
    one = example(
        workload__http__journeys={"look": {"on_start": steps[1:], "steps": steps[:1]}},
        workload__tcp={
            "address": "127.0.0.1:{port}",
            "data": {"rows": {"file": "data/c.jsonl", "sha256": "0" * 64}},
            "journeys": {"talk": {"steps": [{"connect": True}]}},
        },
    )
    assert set(referenced_files(one, tmp_path)) == {"data/a.bin", "data/b.bin", "data/c.jsonl"}


def test_a_recording_goes_into_the_library_with_its_example(tmp_path: Path) -> None:
    path = tmp_path / "times.txt"
    path.write_text("0\n1\n")
    one = example(shape__stages=[{"name": "all", **recorded(path)}])
    assert "times.txt" in referenced_files(one, tmp_path)


def test_a_climb_is_planned_with_all_its_levels() -> None:
    shape = {
        "model": "open",
        "seed": 1,
        "stages": [
            {"name": "ordinary", "rate": "50/s", "for": "5s"},
            {"name": "up", "climb": {"from": "100/s", "to": "500/s", "factor": 2, "each": "3s"}},
            {"name": "after", "rate": "50/s", "for": "5s"},
        ],
    }
    planned = epochs(example(kind="stress", shape=shape))
    assert [(one.stage, one.end_level, one.climbs) for one in planned] == [
        ("ordinary", 50.0, False),
        ("up-1", 100.0, True),
        ("up-2", 200.0, True),
        ("up-3", 400.0, True),
        ("up-4", 500.0, True),
        ("after", 50.0, False),
    ]
    assert {one.part_of for one in planned if one.climbs} == {"up"}
    assert len(blocks(planned)) == 1  # what has piled up is still there afterwards
