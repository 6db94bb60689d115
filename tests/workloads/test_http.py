"""The HTTP driver as a session uses it: processes of load, events, errors, and their end."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from perfstress.clock import now_ns
from perfstress.engine.wire import from_data, to_data
from perfstress.errors import ExampleError, GuardTripped
from perfstress.example import WorkedExample
from perfstress.fleet.local import LocalFleet
from perfstress.loadsummary import summarise
from perfstress.measurement import Interval
from perfstress.plan import blocks, epochs
from perfstress.protocols import BlockDone, EpochBegan, EpochDone, Lost, Progress, Surroundings
from perfstress.workloads import WORKLOADS, workload_of
from perfstress.workloads.http import HttpDriver, script_of
from tests.support.serving import serving_aside

pytestmark = pytest.mark.live


class Running:
    """A target that is there already."""

    def __init__(self, port):
        self.values = {"port": str(port), "run": "/somewhere"}


def example(http, stages, *, model="closed", **shape):
    return WorkedExample.model_validate(
        {
            "perfstress": 1,
            "name": "sketch",
            "title": "A sketch",
            "kind": "load",
            "production": {"rate": "1/s", "concurrency": 1, "horizon": "1d", "source": "a test"},
            "implementation": {"paths": ["x"]},
            "target": {"attach": {"port": 1}},
            "workload": {"http": {"base_url": "http://127.0.0.1:{port}", **http}},
            "shape": {"model": model, "seed": 3, "stages": stages, **shape},
            "success": ["errors.count == 0"],
        }
    )


def around(tmp_path):
    return Surroundings(tmp_path, tmp_path, tmp_path, tmp_path, tmp_path)


def whole_run(driver, planned):
    """Drive every block as a session does; all events in order."""
    zero = now_ns()
    events = []
    try:
        driver.prepare(zero)
        for block in blocks(planned):
            driver.begin(block, now_ns() + 20_000_000)
            deadline = time.monotonic() + 30
            while not (events and isinstance(events[-1], BlockDone)):
                assert time.monotonic() < deadline
                events += driver.poll(0.5)
            events.append(None)
    finally:
        driver.close()
        driver.close()
    return [event for event in events if event is not None]


def test_a_whole_run(tmp_path, monkeypatch):
    monkeypatch.setenv("PERFSTRESS_TEST_TOKEN", "s3cret-token")
    (tmp_path / "rows.jsonl").write_text('{"id": 1}\n{"id": 2}\n')
    http = {
        "data": {"rows": {"file": "rows.jsonl", "sha256": "0" * 64}},
        "headers": {"authorization": "Bearer ${env:PERFSTRESS_TEST_TOKEN}"},
        "journeys": {
            "buy": {
                "weight": 3,
                "steps": [
                    {"post": "/echo", "json": {"row": "{{ rows.id }}"}, "capture": {"n": "number"}},
                    {"think": "1ms"},
                    {"get": "/echo?n={{ n }}", "name": "again", "expect": {"status": 200}},
                ],
            },
            "look": {"steps": [{"get": "/ok"}, {"get": "/ok"}]},
        },
    }
    stages = [
        {"name": "warm", "users": 2, "ops": 20, "warmup": True},
        {"name": "work", "users": 4, "ops": 180},
    ]
    sketch = example(http, stages)
    assert workload_of(sketch) == "http"
    with serving_aside() as knobs:
        driver = WORKLOADS["http"](sketch, Running(knobs.port), around(tmp_path))
        planned = epochs(sketch)
        events = whole_run(driver, planned)
    intervals = [event for event in events if isinstance(event, Interval)]
    load = summarise(intervals, planned)
    assert load.operations == 180
    assert load.requests == load.ok == 360
    assert load.errors == {}
    labels = {(one.journey, one.step) for one in intervals}
    assert labels == {
        ("buy", None),
        ("buy", "POST /echo"),
        ("buy", "again"),
        ("look", None),
        ("look", "GET /ok"),
        ("look", "GET /ok (2)"),
    }
    last = [event for event in events if isinstance(event, Progress)][-1]
    assert last.ops_by == {"buy": 150, "look": 50}
    assert (last.ok, last.errors, last.in_flight) == (200, 0, 0)
    kinds = [type(event) for event in events if isinstance(event, EpochBegan | EpochDone)]
    assert kinds == [EpochBegan, EpochDone, EpochBegan, EpochDone]
    assert knobs.requests[0].headers["authorization"] == "Bearer s3cret-token"


def test_secrets_do_not_come_back_in_what_a_server_says(tmp_path, monkeypatch):
    monkeypatch.setenv("PERFSTRESS_TEST_TOKEN", "s3cret-token")
    http = {
        "journeys": {
            "a": {
                "steps": [
                    {
                        "post": "/echo",
                        "body": "${env:PERFSTRESS_TEST_TOKEN}",
                        "expect": {"contains": "something else"},
                    }
                ]
            }
        }
    }
    sketch = example(http, [{"name": "s", "users": 1, "ops": 1}])
    with serving_aside() as knobs:
        driver = HttpDriver(sketch, Running(knobs.port), around(tmp_path))
        events = whole_run(driver, epochs(sketch))
    told = [event.troubles for event in events if isinstance(event, EpochDone | BlockDone)]
    (trouble,) = [troubles["check"] for troubles in told if troubles]
    assert "[redacted]" in trouble
    assert "s3cret" not in trouble


def test_what_the_processes_refuse_is_an_example_error(tmp_path):
    http = {"journeys": {"a": {"steps": [{"get": "/x/{{ nobody }}"}]}}}
    sketch = example(http, [{"name": "s", "users": 1, "ops": 1}])
    driver = HttpDriver(sketch, Running(1), around(tmp_path))
    with pytest.raises(ExampleError, match="no data file or captured value 'nobody'") as caught:
        driver.prepare(now_ns())
    (problem,) = caught.value.problems
    assert problem.slug == "unknown-name"
    assert "workload.http.journeys.a.steps[0]" in problem.message


def test_guards(tmp_path):
    http = {"journeys": {"a": {"steps": [{"get": "/"}]}}}
    fast = example(http, [{"name": "s", "rate": "300k/s", "for": "1s"}], model="open")
    with pytest.raises(GuardTripped):
        HttpDriver(fast, Running(1), around(tmp_path)).prepare(now_ns())
    away = example({**http, "base_url": "http://192.0.2.1"}, [{"name": "s", "users": 1, "ops": 1}])
    with pytest.raises(GuardTripped):
        HttpDriver(away, Running(1), around(tmp_path)).prepare(now_ns())


def test_several_processes_are_one(tmp_path):
    http = {"journeys": {"a": {"steps": [{"get": "/ok"}]}}}
    stages = [{"name": "s", "rate": "500/s", "ops": 301}, {"name": "t", "rate": "200/s", "ops": 50}]
    sketch = example(http, stages, model="open", arrivals="uniform", processes=3)
    with serving_aside() as knobs:
        driver = HttpDriver(sketch, Running(knobs.port), around(tmp_path))
        planned = epochs(sketch)
        events = whole_run(driver, planned)
        assert sum(knobs.seen.values()) == 351
    done = [event for event in events if isinstance(event, EpochDone)]
    assert [(one.epoch, one.intended, one.dropped) for one in done] == [(0, 301, 0), (1, 50, 0)]
    intervals = [event for event in events if isinstance(event, Interval)]
    keys = [(one.t_s, one.epoch, one.journey, one.step) for one in intervals]
    assert len(keys) == len(set(keys))
    load = summarise(intervals, planned)
    assert (load.requests, load.ok) == (351, 351)
    assert [event for event in events if isinstance(event, Progress)][-1].ops_by == {"a": 351}
    assert [one.health["processes"] for one in done] == [3, 3]


def test_one_of_several_processes_is_lost(tmp_path):
    """The rest of the load is told to the end of the block; the loss is told at once."""
    http = {"journeys": {"a": {"steps": [{"get": "/ok"}]}}}
    stages = [{"name": "s", "rate": "200/s", "for": "60s"}]
    sketch = example(http, stages, model="open", processes=3)
    with serving_aside() as knobs:
        driver = HttpDriver(sketch, Running(knobs.port), around(tmp_path))
        driver.prepare(now_ns())
        driver.begin(epochs(sketch), now_ns())
        events = []
        deadline = time.monotonic() + 10
        while sum(isinstance(event, Progress) and event.ok > 10 for event in events) < 1:
            assert time.monotonic() < deadline
            events += driver.poll(0.5)
        os.kill(driver._fleet._processes[1].pid, signal.SIGKILL)
        while not any(isinstance(event, Lost) for event in events):
            assert time.monotonic() < deadline
            events += driver.poll(0.5)
        driver.cancel()
        while not any(isinstance(event, BlockDone) for event in events):
            assert time.monotonic() < deadline
            events += driver.poll(0.5)
        (lost,) = [event for event in events if isinstance(event, Lost)]
        assert lost.why == "process 2 of 3 of load has ended: killed by SIGKILL"
        driver.begin(epochs(sketch), now_ns())  # what is left does not wait for what is gone
        driver.cancel()
        events.clear()
        while not any(isinstance(event, BlockDone) for event in events):
            assert time.monotonic() < deadline
            events += driver.poll(0.5)
        driver.close()


def test_a_process_that_is_stuck_is_lost_too(tmp_path):
    http = {"journeys": {"a": {"steps": [{"get": "/ok"}]}}}
    sketch = example(http, [{"name": "s", "users": 2, "for": "60s"}], processes=2)
    with serving_aside() as knobs:
        driver = HttpDriver(sketch, Running(knobs.port), around(tmp_path))
        driver.prepare(now_ns())
        fleet = driver._fleet
        assert isinstance(fleet, LocalFleet)
        fleet._silent_s = 1.5
        driver.begin(epochs(sketch), now_ns())
        os.kill(fleet._processes[0].pid, signal.SIGSTOP)
        events = []
        deadline = time.monotonic() + 20
        while not any(isinstance(event, Lost) for event in events):
            assert time.monotonic() < deadline
            events += driver.poll(0.5)
        (lost,) = [event for event in events if isinstance(event, Lost)]
        assert lost.why.startswith("process 1 of 2 of load has ended: it was stuck")
        driver.cancel()
        while not any(isinstance(event, BlockDone) for event in events):
            assert time.monotonic() < deadline
            events += driver.poll(0.5)
        driver.close()


def test_a_lost_process_is_told_and_the_block_ends(tmp_path):
    http = {"journeys": {"a": {"steps": [{"get": "/ok"}]}}}
    sketch = example(http, [{"name": "s", "users": 2, "for": "60s"}])
    with serving_aside() as knobs:
        driver = HttpDriver(sketch, Running(knobs.port), around(tmp_path))
        driver.prepare(now_ns())
        fleet = driver._fleet
        assert isinstance(fleet, LocalFleet)
        driver.begin(epochs(sketch), now_ns())
        events = list(driver.poll(5))
        os.kill(fleet._processes[0].pid, signal.SIGKILL)
        deadline = time.monotonic() + 10
        while not any(isinstance(event, BlockDone) for event in events):
            assert time.monotonic() < deadline
            events += driver.poll(0.5)
        assert any(isinstance(event, Lost) and "killed by SIGKILL" in event.why for event in events)
        driver.close()


def test_cancel_and_close(tmp_path):
    http = {"journeys": {"a": {"steps": [{"get": "/slow?ms=20"}]}}}
    sketch = example(http, [{"name": "s", "users": 2, "for": "60s"}])
    with serving_aside() as knobs:
        driver = HttpDriver(sketch, Running(knobs.port), around(tmp_path))
        driver.prepare(now_ns())
        pid = driver._fleet._processes[0].pid
        driver.begin(epochs(sketch), now_ns())
        deadline = time.monotonic() + 10
        events = []
        while not any(isinstance(event, Progress) and event.ok > 5 for event in events):
            assert time.monotonic() < deadline
            events += driver.poll(0.5)
        driver.cancel()
        while not any(isinstance(event, BlockDone) for event in events):
            assert time.monotonic() < deadline
            events += driver.poll(0.5)
        driver.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_processes_of_load_do_not_survive_their_parent(tmp_path):
    """The parent is killed without a chance to say anything."""
    with serving_aside() as knobs:
        program = f"""
import sys, time
from pathlib import Path
from perfstress.clock import now_ns
from perfstress.plan import epochs
from perfstress.workloads.http import HttpDriver
from tests.workloads.test_http import Running, around, example
sketch = example({{"journeys": {{"a": {{"steps": [{{"get": "/slow?ms=5"}}]}}}}}},
                 [{{"name": "s", "users": 2, "for": "60s"}}])
driver = HttpDriver(sketch, Running({knobs.port}), around(Path({str(tmp_path)!r})))
driver.prepare(now_ns())
driver.begin(epochs(sketch), now_ns())
print(driver._fleet._processes[0].pid, flush=True)
time.sleep(60)
"""
        root = Path(__file__).parents[2]
        parent = subprocess.Popen(
            [sys.executable, "-c", program],
            stdout=subprocess.PIPE,
            cwd=root,
            env={**os.environ, "PYTHONPATH": str(root)},
            text=True,
        )
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        deadline = time.monotonic() + 10
        while not knobs.seen:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        parent.kill()
        parent.wait()
        parent.stdout.close()
        deadline = time.monotonic() + 5
        while _is_alive(pid):
            assert time.monotonic() < deadline
            time.sleep(0.01)


def _is_alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_scripts_and_events_survive_the_wire(tmp_path):
    http = {
        "journeys": {
            "a": {
                "steps": [
                    {
                        "post": "/x/{port}",
                        "json": None,
                        "form": {"a": "b"},
                        "capture": {
                            "t": {"header": "X"},
                            "u": {"regex": "(a)"},
                            "v": {"json": "b"},
                        },
                        "expect": {"status": [1, 2], "within": "5ms", "size": "1KiB"},
                        "timeout": "1s",
                    },
                    {"think": "5ms"},
                ]
            }
        }
    }
    sketch = example(http, [{"name": "s", "users": 1, "ops": 1}])
    script = script_of(sketch, {"port": "81"}, tmp_path)
    assert type(script).from_json(json.loads(json.dumps(script.as_json()))) == script
    for event in (
        Interval(1, 2, "a", None, 3, 2, {"reset": 1}),
        EpochDone(1, 2, None, 0),
        BlockDone(),
        Progress({"a": 1}, 2, 3, 4),
    ):
        assert from_data(json.loads(json.dumps(to_data(event)))) == event
