"""``version:`` of an http workload and ``hit --http``: through the driver and the command."""

import io
import json
import sys
import time

import pytest

pytest.importorskip("pycurl", reason="pip install pycurl")

from perfstress.clock import now_ns
from perfstress.commands.hit import hit
from perfstress.commands.loadoptions import LoadOptions
from perfstress.commands.requestoptions import RequestOptions
from perfstress.errors import ExitCode, UsageError
from perfstress.example import WorkedExample
from perfstress.measurement import Interval
from perfstress.plan import blocks, epochs
from perfstress.protocols import BlockDone, Surroundings
from perfstress.workloads import WORKLOADS
from tests.support.nginx2 import needs_nginx, nginx2

pytestmark = [pytest.mark.live, needs_nginx]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with nginx2(tmp_path_factory.mktemp("nginx")) as running:
        yield running


class Running:
    """A target that is there already."""

    def __init__(self, port):
        self.values = {"port": str(port), "run": "/somewhere"}


def tried(url, **given):
    out, err = io.StringIO(), io.StringIO()
    load = LoadOptions(concurrency=4, duration="300ms")
    code = hit(
        url, load=load, request=RequestOptions(), out=out, err=err, as_json=True, **given
    )  # fmt: skip
    return code, json.loads(out.getvalue())["load"]


def test_hit_by_http_2(server):
    begun = len(server.log())
    code, load = tried(f"http://127.0.0.1:{server.plain}/x", http="2")
    assert code == ExitCode.PASS
    assert load["ok"] > 0
    assert load["errors"] == 0
    seen = server.log()[begun:]
    # the trial connection of hit sends nothing, and is not in the log
    assert {line[0] for line in seen} == {"HTTP/2.0"}
    url = f"https://localhost:{server.tls}/"
    code, load = tried(url, http="2", ca=str(server.papers.ca), processes="2")
    assert (code, load["errors"]) == (ExitCode.PASS, 0)
    code, load = tried(url, http="2")
    assert (code, load["ok"]) == (ExitCode.TARGET, 0)


@pytest.mark.parametrize(
    ("wrong", "slug"),
    [
        ({"http": "4"}, "bad-option"),
        ({"http": "3"}, "http-version"),
        ({"http": "2", "source_addresses": ["127.0.0.2"]}, "http-version"),
        ({"http": "2", "unix_socket": "/tmp/x.sock"}, "http-version"),
    ],
)
def test_hit_refuses(server, wrong, slug):
    with pytest.raises(UsageError) as told:
        tried(f"http://127.0.0.1:{server.plain}/", **wrong)
    assert told.value.slug == slug


def test_hit_without_pycurl(server, monkeypatch):
    monkeypatch.setitem(sys.modules, "pycurl", None)
    with pytest.raises(UsageError, match="not installed") as told:
        tried(f"http://127.0.0.1:{server.plain}/", http="2")
    assert told.value.slug == "missing-extra"


def test_an_example_with_setup_by_two_processes(server, tmp_path):
    steps = [
        {"get": "/", "capture": {"token": "token"}},
        {"get": "/echo?{{ token }}-{{ setup.given }}", "expect": {"json": {"method": "GET"}}},
    ]
    example = WorkedExample.model_validate(
        {
            "perfstress": 1,
            "name": "sketch",
            "title": "A sketch",
            "kind": "load",
            "production": {"rate": "1/s", "concurrency": 1, "horizon": "1d", "source": "a test"},
            "implementation": {"paths": ["x"]},
            "target": {"attach": {"port": 1}},
            "workload": {
                "http": {
                    "base_url": "http://localhost:{port}",
                    "version": 2,
                    "setup": [{"get": "/header", "capture": {"given": {"header": "x-given"}}}],
                    "journeys": {"a": {"steps": steps}},
                }
            },
            "shape": {
                "model": "closed",
                "seed": 3,
                "processes": 2,
                "stages": [{"name": "s", "users": 4, "ops": 40}],
            },
            "success": ["errors.count == 0"],
        }
    )
    places = Surroundings(tmp_path, tmp_path, tmp_path, tmp_path, tmp_path)
    begun = len(server.log())
    driver = WORKLOADS["http"](example, Running(server.plain), places)
    events = []
    try:
        driver.prepare(now_ns())
        for block in blocks(epochs(example)):
            driver.begin(block, now_ns() + 20_000_000)
            deadline = time.monotonic() + 30
            while not (events and isinstance(events[-1], BlockDone)):
                assert time.monotonic() < deadline
                events += driver.poll(0.5)
            events.append(None)
    finally:
        driver.close()
    whole = [one for one in events if isinstance(one, Interval) and one.step is None]
    assert sum(one.ok for one in whole) == 40
    assert all(not one.errors for one in whole)
    seen = server.log()[begun:]
    assert [line[3] for line in seen].count("/header") == 1
    assert [line[3] for line in seen].count("/echo?a1b2-abc") == 40
    assert len({line[1] for line in seen}) <= 5  # one for setup, and few for each process
