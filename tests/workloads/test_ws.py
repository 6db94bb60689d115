"""The WebSocket driver as a session uses it, in processes of load."""

import pytest

from perfstress.errors import ExampleError, GuardTripped
from perfstress.loadsummary import summarise
from perfstress.measurement import Interval
from perfstress.plan import epochs
from tests.support.aside import aside
from tests.support.small import example
from tests.workloads.test_tcp import whole_run

pytest.importorskip("websockets", reason="pip install websockets")

from tests.engine.test_ws import peer

pytestmark = pytest.mark.live

STEPS = [
    {"connect": "/echo?who={{ rows.who }}", "headers": {"x-who": "{{ rows.who }}"}},
    {"send": '{"who": "{{ rows.who }}"}'},
    {"expect": {"json": {"who": "{{ rows.who }}"}}, "capture": {"name": "who"}},
    {"ping": True},
    {"hold": "100ms"},
    {"send": "{{ name }}", "name": "again"},
    {"expect": {"contains": "{{ name }}"}, "name": "heard"},
    {"close": True},
]
STAGE = {"name": "all", "users": 4, "ops": 40}


def ws(steps, **given):
    part = {"base_url": "ws://127.0.0.1:{port}", "journeys": {"watch": {"steps": steps}}, **given}
    shape = {"model": "closed", "seed": 1, "processes": 2, "stages": [STAGE]}
    return example(workload={"ws": part}, shape=shape)


def test_clients_in_two_processes(tmp_path):
    (tmp_path / "rows.jsonl").write_text('{"who": "ann"}\n{"who": "bob"}\n')
    sketch = ws(STEPS, data={"rows": {"file": "rows.jsonl", "sha256": "0" * 64}})
    with aside(peer()) as there:
        events = whole_run(sketch, there.port, tmp_path)
    load = summarise([event for event in events if isinstance(event, Interval)], epochs(sketch))
    assert (load.operations, load.errors) == (40, {})
    assert load.ok == 40 * len(STEPS)
    assert set(there.paths) == {("/echo?who=ann", "ann"), ("/echo?who=bob", "bob")}
    assert there.codes == [1000] * 40


def test_only_this_machine_and_only_websocket(tmp_path):
    with pytest.raises(GuardTripped, match="not this machine"):
        whole_run(ws(STEPS[:1], base_url="ws://192.0.2.1:80"), 1, tmp_path)
    with pytest.raises(ExampleError, match=r"workload\.ws\.base_url"):
        whole_run(ws(STEPS[:1], base_url="http://127.0.0.1:80"), 1, tmp_path)
