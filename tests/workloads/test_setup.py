"""Steps that come once for a run, before the load and after it, with several processes too."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from perfstress.clock import now_ns
from perfstress.errors import ExampleError, TargetError
from perfstress.example import WorkedExample
from perfstress.plan import blocks, epochs
from perfstress.protocols import BlockDone, EpochDone, Surroundings
from perfstress.workloads.http import HttpDriver
from tests.support.knobs import Knobs
from tests.support.serving import serving_aside

pytestmark = pytest.mark.live


class Running:
    """A target that is there already."""

    def __init__(self, port: int) -> None:
        self.values = {"port": str(port), "run": "/somewhere"}


SETUP = [
    {"post": "/echo", "json": {"a": [7]}, "capture": {"made": "body", "n": "number"}},
    {"think": "1ms"},
    {"get": "/echo?{{ n }}", "name": "again", "capture": {"whole": "@"}},
]
STEPS = [
    {"get": "/echo?{{ setup.n }}-{{ setup.whole.target }}", "headers": {"x-n": "{{ setup.n }}"}}
]
TEARDOWN = [
    {"delete": "/echo?{{ setup.n }}", "expect": {"json": {"target": "/echo?{{ setup.n }}"}}}
]


def sketch(**http: Any) -> WorkedExample:
    shape = {"model": "closed", "seed": 3, "stages": [{"name": "s", "users": 4, "ops": 40}]}
    plain = {"base_url": "http://127.0.0.1:{port}", "journeys": {"a": {"steps": STEPS}}}
    return WorkedExample.model_validate(
        {
            "perfstress": 1,
            "name": "sketch",
            "title": "A sketch",
            "kind": "load",
            "production": {"rate": "1/s", "concurrency": 1, "horizon": "1d", "source": "a test"},
            "implementation": {"paths": ["x"]},
            "target": {"attach": {"port": 1}},
            "workload": {"http": {**plain, **http}},
            "shape": {**shape, "processes": 2},
            "success": ["errors.count == 0"],
        }
    )


def driver_of(example: WorkedExample, port: int, folder: Path) -> HttpDriver:
    places = Surroundings(folder, folder, folder, folder, folder)
    return HttpDriver(example, Running(port), places)  # type: ignore[arg-type]


def driven(driver: HttpDriver, example: WorkedExample) -> list[EpochDone]:
    done = []
    driver.prepare(now_ns())
    for block in blocks(epochs(example)):
        driver.begin(block, now_ns() + 20_000_000)
        deadline = time.monotonic() + 30
        over = False
        while not over:
            assert time.monotonic() < deadline
            for event in driver.poll(0.5):
                over = over or isinstance(event, BlockDone)
                done += [event] if isinstance(event, EpochDone) else []
    return done


def methods(knobs: Knobs) -> list[str]:
    return [request.method for request in knobs.requests]


def test_once_before_and_once_after_two_processes(tmp_path: Path) -> None:
    example = sketch(setup=SETUP, teardown=TEARDOWN, headers={"x-all": "{{ setup.n }}"})
    with serving_aside() as knobs:
        driver = driver_of(example, knobs.port, tmp_path)
        try:
            (done,) = driven(driver, example)
            assert done.troubles == {}
            assert "DELETE" not in methods(knobs)
        finally:
            assert driver.close() is None
            assert driver.close() is None
    assert methods(knobs) == ["POST", *["GET"] * 41, "DELETE"]
    load = knobs.requests[2:-1]
    assert {request.target for request in load} == {"/echo?1-%2Fecho%3F1"}
    assert {request.headers["x-n"] for request in load} == {"1"}
    assert [request.headers.get("x-all") for request in knobs.requests[:3]] == [None, None, "1"]


def test_what_setup_made_is_put_in_before_the_run() -> None:
    from perfstress.engine.compiled import compile_script
    from perfstress.workloads.http import script_of

    made = {"setup": {"n": 1, "whole": {"target": "x"}}}
    script = script_of(sketch(), {"port": "1"}, Path(), constants=made)
    (journey,) = compile_script(script, [])
    assert journey.steps[0].static is not None
    assert b"GET /echo?1-x HTTP" in journey.steps[0].static


def test_a_failed_setup_ends_the_run(tmp_path: Path) -> None:
    broken = [{"get": "/status/503", "name": "make"}]
    with serving_aside() as knobs:
        driver = driver_of(sketch(setup=broken, teardown=TEARDOWN), knobs.port, tmp_path)
        with pytest.raises(TargetError, match="setup: make: status: answered 503") as raised:
            driver.prepare(now_ns())
        assert driver.close() is None
    assert raised.value.slug == "steps-failed"
    assert methods(knobs) == ["GET"]


def test_a_setup_that_is_never_answered_ends_by_its_timeout(tmp_path: Path) -> None:
    slow = [{"get": "/never", "timeout": "200ms"}]
    with serving_aside() as knobs:
        driver = driver_of(sketch(setup=slow), knobs.port, tmp_path)
        with pytest.raises(TargetError, match=r"timeout: no answer after 0.2 s"):
            driver.prepare(now_ns())


def test_a_failed_teardown_is_told(tmp_path: Path) -> None:
    example = sketch(
        journeys={"a": {"steps": [{"get": "/ok"}]}}, teardown=[{"get": "/status/500", "name": "x"}]
    )
    with serving_aside() as knobs:
        driver = driver_of(example, knobs.port, tmp_path)
        driven(driver, example)
        assert "teardown: x: status: answered 500" in str(driver.close())
        assert driver.close() is None


def test_what_setup_does_not_capture_is_told(tmp_path: Path) -> None:
    steps = [{"get": "/echo?{{ setup.whole.nothing }}"}]
    example = sketch(setup=SETUP, journeys={"a": {"steps": steps}})
    with serving_aside() as knobs:
        driver = driver_of(example, knobs.port, tmp_path)
        with pytest.raises(ExampleError, match="no 'nothing'"):
            driver.prepare(now_ns())
