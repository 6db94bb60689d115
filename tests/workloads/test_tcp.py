"""The TCP driver as a session uses it, in processes of load."""

import time

import pytest

from perfstress.clock import now_ns
from perfstress.errors import ExampleError, GuardTripped
from perfstress.loadsummary import summarise
from perfstress.measurement import Interval
from perfstress.plan import blocks, epochs
from perfstress.protocols import BlockDone, EpochDone, Surroundings
from perfstress.workloads import WORKLOADS, workload_of
from tests.support.aside import aside
from tests.support.small import example
from tests.support.talkative import Talkative, talkative
from tests.support.waiting import wait_for

pytestmark = pytest.mark.live

HELLO = [
    {"connect": True},
    {"send": "ECHO {{ rows.word }}\n", "name": "ask"},
    {"expect": {"until": "\n", "contains": "{{ rows.word }}"}},
    {"close": True},
]
SILENT = [{"connect": True}, {"hold": "200ms"}, {"reset": True}]


class Running:
    """A target that is there already."""

    def __init__(self, port):
        self.values = {"port": str(port), "run": "/somewhere"}


def tcp(journeys, shape, **given):
    address = given.pop("address", "127.0.0.1:{port}")
    data = given.pop("data", {})
    part = {"address": address, "data": data, "journeys": journeys}
    return example(workload={"tcp": part}, shape={"seed": 1, **shape}, **given)


def whole_run(sketch, port, folder):
    """Drive every block as a session does; all events in order."""
    around = Surroundings(folder, folder, folder, folder, folder)
    driver = WORKLOADS[workload_of(sketch)](sketch, Running(port), around)
    events = []
    try:
        driver.prepare(now_ns())
        for block in blocks(epochs(sketch)):
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


def test_polite_and_silent_clients_in_two_processes(tmp_path):
    (tmp_path / "rows.jsonl").write_text('{"word": "north"}\n{"word": "south"}\n')
    sketch = tcp(
        {"polite": {"weight": 3, "steps": HELLO}, "silent": {"steps": SILENT}},
        {"model": "closed", "processes": 2, "stages": [{"name": "all", "users": 8, "ops": 80}]},
        data={"rows": {"file": "rows.jsonl", "sha256": "0" * 64}},
    )
    with aside(talkative(Talkative())) as server:
        events = whole_run(sketch, server.port, tmp_path)
        wait_for(lambda: server.accepted >= 80)  # the server may come to the last ones later
    load = summarise([event for event in events if isinstance(event, Interval)], epochs(sketch))
    assert load.operations == 80
    assert load.errors == {}
    assert server.accepted == 80
    assert sorted(set(server.lines)) == [b"ECHO north\n", b"ECHO south\n"]
    silent = [one for one in events if isinstance(one, Interval) and one.journey == "silent"]
    assert {one.step for one in silent} == {None, "connect", "hold", "reset"}


def test_what_the_server_does_wrong_is_told(tmp_path):
    steps = [{"connect": True}, {"send": "BYE\n"}, {"expect": {"until": "\n"}}]
    sketch = tcp(
        {"cut": {"steps": steps}},
        {"model": "open", "stages": [{"name": "all", "rate": "100/s", "for": "500ms"}]},
    )
    with aside(talkative(Talkative())) as server:
        events = whole_run(sketch, server.port, tmp_path)
    load = summarise([event for event in events if isinstance(event, Interval)], epochs(sketch))
    assert set(load.errors) == {"reset"}
    (done,) = [event for event in events if isinstance(event, EpochDone)]
    assert done.intended == server.accepted == sum(load.errors.values())
    assert "cut, expect: the other side closed it before" in done.troubles["reset"]


def test_only_this_machine_and_named_hosts(tmp_path):
    shape = {"model": "closed", "stages": [{"name": "all", "users": 1, "ops": 1}]}
    abroad = tcp({"silent": {"steps": SILENT}}, shape, address="192.0.2.1:9000")
    with pytest.raises(GuardTripped, match="not this machine"):
        whole_run(abroad, 1, tmp_path)
    with pytest.raises(ExampleError, match=r"workload\.tcp\.address"):
        whole_run(tcp({"silent": {"steps": SILENT}}, shape, address="nowhere"), 1, tmp_path)
