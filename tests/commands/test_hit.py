"""``perfstress hit``: what it prints, and its exit codes."""

import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import fields
from pathlib import Path

import psutil
import pytest

from perfstress.commands.hit import hit
from perfstress.commands.loadoptions import LoadOptions
from perfstress.commands.requestoptions import RequestOptions
from perfstress.errors import ExitCode, GuardTripped, PerfstressError, TargetError, UsageError
from tests.support.certificates import needs_openssl, papers
from tests.support.project import heed_interrupts
from tests.support.serving import serving_aside
from tests.support.waiting import wait_for

ROOT = Path(__file__).parents[2]
CAN_PIN = hasattr(os, "sched_setaffinity") and len(os.sched_getaffinity(0)) > 1


LOAD = {field.name for field in fields(LoadOptions)}
REQUEST = {field.name for field in fields(RequestOptions)}


def tried(url, **given):
    out, err = io.StringIO(), io.StringIO()
    load = LoadOptions(**{name: given.pop(name) for name in LOAD & set(given)})
    request = RequestOptions(**{name: given.pop(name) for name in REQUEST & set(given)})
    code = hit(url, load=load, request=request, out=out, err=err, **given)
    return code, out.getvalue(), err.getvalue()


@pytest.mark.live
def test_the_open_model_as_json():
    with serving_aside() as knobs:
        url = f"http://127.0.0.1:{knobs.port}/ok?x=1"
        code, out, err = tried(
            url, rate="200/s", duration="500ms", as_json=True, headers=["X-A: b: c"]
        )
    told = json.loads(out)
    load = told["load"]
    assert code == ExitCode.PASS
    assert load["requests"] == load["ok"] == knobs.seen["/ok"]
    assert load["requests"] == pytest.approx(100, abs=50)
    assert load["intended_rate"] == 200
    assert load["achieved_rate"] == pytest.approx(load["requests"] / 0.5)
    assert set(load["response_ms"]) == {"p50", "p90", "p99", "p99_9", "max"}
    assert told["generator"]["cpu_s"] > 0
    assert knobs.requests[0].headers["x-a"] == "b: c"
    assert knobs.requests[0].target == "/ok?x=1"
    assert "requests" in err


@pytest.mark.live
def test_the_closed_model_as_text():
    with serving_aside() as knobs:
        url = f"http://127.0.0.1:{knobs.port}/echo"
        code, out, err = tried(url, concurrency=3, duration="300ms", method="post", body="hello")
    assert code == ExitCode.PASS
    assert "no errors" in out
    assert "█" in out
    assert "3 connections" in out
    assert err == ""
    assert knobs.connections == 4  # one to see whether anybody answers
    assert knobs.requests[0].body == b"hello"


@pytest.mark.live
def test_users_who_think():
    with serving_aside() as knobs:
        url = f"http://127.0.0.1:{knobs.port}/"
        code, out, _ = tried(url, users=10, think="100ms", duration="600ms", as_json=True)
    assert code == ExitCode.PASS
    assert 20 <= json.loads(out)["load"]["requests"] <= 70


@pytest.mark.live
@pytest.mark.parametrize(
    ("given", "requests", "told"),
    [
        ({"requests": 123, "concurrency": 4, "processes": "3"}, 123, "4 connections"),
        ({"requests": 50, "rate": "500/s", "arrivals": "uniform"}, 50, "500/s"),
        ({"users": 5, "iterations": 7, "think": "1ms..3ms"}, 35, "5 users"),
        ({"users": 5, "iterations": 3, "pacing": "20ms", "think": "exp:1ms"}, 15, "5 users"),
        ({"rate": "0/s..200/s", "duration": "1s", "arrivals": "uniform"}, 100, "0 to 200/s"),
    ],
)
def test_amounts_are_exact(given, requests, told):
    with serving_aside() as knobs:
        code, out, _ = tried(f"http://127.0.0.1:{knobs.port}/ok", **given)
        assert knobs.seen["/ok"] == requests
    assert code == ExitCode.PASS
    assert told in out


@pytest.mark.live
def test_errors_are_shown_with_an_example():
    with serving_aside() as knobs:
        url = f"http://127.0.0.1:{knobs.port}/status/503"
        code, out, _ = tried(url, concurrency=1, duration="100ms")
    assert code == ExitCode.PASS
    assert "errors" in out
    assert "answered 503: 'as asked'" in out


@pytest.mark.live
def test_ctrl_c_prints_what_was_recorded():
    with serving_aside() as knobs:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "perfstress",
                "hit",
                f"http://127.0.0.1:{knobs.port}/",
                "--concurrency",
                "2",
                "--duration",
                "60s",
                "--json",
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            preexec_fn=heed_interrupts,
        )
        try:
            wait_for(lambda: sum(knobs.seen.values()) >= 20, within_s=60)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
            process.communicate()
    assert process.returncode == ExitCode.INTERRUPTED, err
    assert json.loads(out)["load"]["requests"] >= 20
    assert b"interrupted" in err
    assert b"Traceback" not in err


@pytest.mark.live
def test_several_processes_are_told():
    with serving_aside() as knobs:
        url = f"http://127.0.0.1:{knobs.port}/ok"
        code, out, err = tried(
            url, rate="300/s", duration="500ms", processes="2", pin=CAN_PIN, as_json=True
        )
    assert code == ExitCode.PASS
    told = json.loads(out)
    assert told["generator"]["processes"] == 2
    assert told["load"]["requests"] == knobs.seen["/ok"]
    assert "of 2 processes" in err
    assert "lost" not in told


@pytest.mark.live
def test_a_lost_process_is_never_a_lower_rate():
    with serving_aside() as knobs:
        command = ["hit", f"http://127.0.0.1:{knobs.port}/ok", "--rate", "200/s"]
        process = subprocess.Popen(
            [sys.executable, "-m", "perfstress", *command, "-d", "60s", "--processes", "2"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        deadline = time.monotonic() + 20
        while sum(knobs.seen.values()) < 20:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        first, *_ = psutil.Process(process.pid).children()
        os.kill(first.pid, signal.SIGKILL)
        out, err = process.communicate(timeout=10)
    assert process.returncode == ExitCode.INCONCLUSIVE, err
    assert b"of 2 of load has ended: killed by SIGKILL" in out


def test_nobody_there():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(TargetError, match="nothing answers"):
        tried(f"http://127.0.0.1:{port}/")


def test_other_machines_are_guarded():
    with pytest.raises(GuardTripped):
        tried("http://192.0.2.1/")


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"rate": "5/s", "concurrency": 2}, "only one of"),
        ({"think": "1s"}, "--think needs --users"),
        ({"pacing": "1s", "concurrency": 2}, "--pacing needs --users"),
        ({"iterations": 3}, "--iterations needs --users"),
        ({"iterations": 3, "users": 2, "requests": 9}, "exclude each other"),
        ({"arrivals": "uniform"}, "--arrivals needs --rate"),
        ({"arrivals": "bursts", "rate": "1/s"}, "'bursts' is not known"),
        ({"rate": "1/s..2/s", "requests": 3}, "a ramp takes a --duration"),
        ({"rate": "1/s..fast"}, "--rate: 'fast' is not a rate"),
        ({"users": 1, "think": "3s..1s"}, "the shortest pause comes first"),
        ({"users": 1, "think": "exp:soon"}, "--think: 'soon' is not a duration"),
        ({"requests": 0}, "above zero"),
        ({"duration": "soon"}, "--duration: 'soon' is not a duration"),
        ({"rate": "fast"}, "--rate: 'fast' is not a rate"),
        ({"timeout": "0s"}, "above zero"),
        ({"concurrency": 0}, "above zero"),
        ({"method": "brew"}, "'brew' is not known"),
        ({"processes": "0"}, "--processes: '0' is not auto or a number"),
        ({"processes": "many"}, "--processes: 'many' is not auto or a number"),
        ({"headers": ["nothing"]}, "is not 'name: value'"),
    ],
)
def test_options_that_cannot_be(given, why):
    with pytest.raises(UsageError, match=why):
        tried("http://127.0.0.1:1/", **given)


def test_a_url_that_is_none():
    with pytest.raises(UsageError, match="not an http or https URL"):
        tried("127.0.0.1:80")


@pytest.mark.live
def test_every_way_to_the_server(tmp_path):
    with serving_aside() as knobs:
        url = f"http://127.0.0.1:{knobs.port}/slow?ms=5"
        code, out, _ = tried(
            url,
            rate="400/s",
            duration="250ms",
            keep_alive=False,
            connections=2,
            source_addresses=["127.0.0.5", "127.0.0.6"],
        )
    assert code == ExitCode.PASS
    assert set(knobs.peers) - {"127.0.0.1"} == {"127.0.0.5", "127.0.0.6"}  # and one trial
    assert knobs.most_open <= 2
    assert knobs.requests[0].headers["connection"] == "close"
    for phase in ("blocked", "connect", "wait", "receive"):
        assert f"\n  {phase} " in out


@pytest.mark.live
def test_a_unix_socket(tmp_path):
    path = str(tmp_path / "hit.sock")
    with serving_aside(unix=path) as knobs:
        code, out, _ = tried(
            "http://shop.example/ok", duration="200ms", unix_socket=path, as_json=True
        )
    load = json.loads(out)["load"]
    assert code == ExitCode.PASS
    assert load["ok"] == knobs.seen["/ok"] > 0
    assert load["phases_ms"]["connect"]["count"] == 10
    assert load["phases_ms"]["wait"]["count"] == load["ok"]
    assert knobs.requests[0].headers["host"] == "shop.example"


@pytest.mark.live
@needs_openssl
def test_certificates_and_what_is_said_without_them(tmp_path):
    signed = papers(tmp_path)
    with serving_aside(tls=signed.server_context()) as knobs:
        url = f"https://localhost:{knobs.port}/ok"
        code, out, _ = tried(url, duration="200ms", concurrency=2, ca=str(signed.ca))
        assert code == ExitCode.PASS
        assert "INSECURE" not in out
        assert "\n  tls " in out
        code, out, _ = tried(url, duration="200ms", concurrency=2, insecure=True)
        assert code == ExitCode.PASS
        assert "INSECURE" in out.splitlines()[1]
        code, out, _ = tried(url, duration="200ms", concurrency=2)
        assert code == ExitCode.TARGET
        assert "certificate" in out


def test_ways_that_do_not_go_together():
    for wrong, slug in (
        ({"connections": 5}, "bad-option"),
        ({"unix_socket": "/no/such.sock"}, "unreachable"),
        ({"unix_socket": "x", "proxy": "http://127.0.0.1:1"}, "one-of"),
        ({"insecure": True}, "bad-tls"),
        ({"proxy": "http://127.0.0.1:1"}, "unreachable"),
        ({"source_addresses": ["192.0.2.7"]}, "bad-source"),
    ):
        with pytest.raises(PerfstressError) as told:
            tried("http://127.0.0.1:1/", **wrong)
        assert told.value.slug == slug
