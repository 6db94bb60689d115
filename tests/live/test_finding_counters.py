"""Counters driven across their edges: each defect is found, and its mended twin is left alone."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.project import Project

pytestmark = pytest.mark.live

TICKETS = Path(__file__).parents[2] / "worked_examples" / "targets" / "own" / "tickets.py"

NUMBERS = '''
"""Numbers with an edge, each right or wrong."""
import struct

last, kind = 0, ""


def setup(start=0):
    global last, kind
    import os

    last, kind = start, os.environ["KIND"]


def single(value):
    return struct.unpack("f", struct.pack("f", value))[0]


def op(i):
    global last
    last = single(last + 1) if kind == "float32" else last + 1


def state():
    return {"last": last}
'''


def hosted(project: Project, module: Path, *, start: int, **env: str) -> None:
    """A wrap of a hosted function whose number is set near its edge."""
    document = project.document
    document["kind"] = "wrap"
    document["hunts"] = ["counter-wrap", "counter-stuck"]
    document["production"] = {
        "rate": "40k/day", "concurrency": 1, "horizon": "30d", "source": "a test",
    }  # fmt: skip
    document["target"] = {
        "python": {
            "call": f"{module.stem}:op",
            "setup": f"{module.stem}:setup",
            "state": f"{module.stem}:state",
        },
        "cwd": ".",
        "env": env,
        "limits": {"memory": "512MiB"},
    }
    document["workload"] = {"calls": {}}
    document["counters"] = [
        {"name": "number", "from": "state.last", "bits": 16, "preset": {"setup": {"start": start}}}
    ]
    document["shape"] = {
        "model": "closed",
        "seed": 1,
        "stages": [{"name": "across", "users": 1, "ops": 4000}],
    }
    document["success"] = ["errors.count == 0"]
    if module.parent != project.root:
        (project.root / module.name).write_bytes(module.read_bytes())


def tickets(defect: str) -> Callable[[Project], Path]:
    def make(project: Project) -> Path:
        hosted(project, TICKETS, start=64_000, TICKETS_DEFECT=defect)
        project.document["target"]["python"]["call"] = "tickets:issue"
        project.document["counters"][0]["from"] = "state.last_number"
        return project.file

    return make


def numbers(kind: str) -> Callable[[Project], Path]:
    def make(project: Project) -> Path:
        module = project.root / "numbers_of_it.py"
        module.write_text(NUMBERS)
        hosted(project, module, start=2**24 - 2000, KIND=kind)
        project.document["counters"][0]["bits"] = 24 if kind == "int" else 53
        if kind == "int":
            return project.file
        del project.document["counters"][0]["bits"]
        project.document["counters"][0]["edge"] = 2**24
        return project.file

    return make


SERVICE = '''
"""Orders over HTTP: each has a number of sixteen bits, or of as many as it needs."""
import http.server, json, struct, sys

last = 0
packed = ">H" if sys.argv[2] == "short" else ">Q"


class Orders(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, what):
        body = json.dumps(what).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(200, {"orders": {"last": last}})

    def do_POST(self):
        global last
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.path == "/number":
            last = json.loads(body)["last"]
            return self.answer(200, {})
        last += 1
        try:
            self.answer(201, {"wire": struct.pack(packed, last).hex()})
        except struct.error as error:
            self.answer(500, {"error": str(error)})

    def log_message(self, *args):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Orders).serve_forever()
'''

DATABASE = '''
"""Rows of a table whose id is an integer or a bigint."""
import os

import asyncpg

DSN = os.environ["DSN"]
TABLE = os.environ["TABLE"]
last = 0


async def setup():
    global connection
    connection = await asyncpg.connect(DSN)


async def op(i):
    global last
    last = await connection.fetchval(f"INSERT INTO {TABLE} DEFAULT VALUES RETURNING id")


def state():
    return {"last": last}
'''

DSN = os.environ.get("PERFSTRESS_TEST_POSTGRES", "postgresql://root@127.0.0.1:5432/test")


def database(kind: str) -> Callable[[Project], Path]:
    """A table with its sequence set below 2^31: ``serial`` ends there, ``bigserial`` does not."""

    def make(project: Project) -> Path:
        module = project.root / "rows.py"
        module.write_text(DATABASE)
        table = f"perfstress_counters_{kind}_{os.getpid()}"
        create = f"DROP TABLE IF EXISTS {table}; CREATE TABLE {table} (id {kind} PRIMARY KEY)"
        alter = f"ALTER SEQUENCE {table}_id_seq RESTART 2147483000"
        done = subprocess.run(["psql", DSN, "-qc", create], capture_output=True, check=False)
        if done.returncode:
            pytest.skip("no PostgreSQL; set PERFSTRESS_TEST_POSTGRES to an address of one")
        project.at_end.append(["psql", DSN, "-qc", f"DROP TABLE {table}"])
        hosted(project, module, start=0, DSN=DSN, TABLE=table)
        project.document["counters"] = [
            {
                "name": "id",
                "from": "state.last",
                "bits": 31,
                "preset": {"run": ["psql", DSN, "-qc", alter]},
            }
        ]
        project.document["shape"]["stages"][0]["ops"] = 1600
        return project.file

    return make


def orders(kind: str) -> Callable[[Project], Path]:
    def make(project: Project) -> Path:
        (project.root / "orders.py").write_text(SERVICE)
        document = project.document
        document["kind"] = "wrap"
        document["production"]["rate"] = "1/s"
        document["target"] |= {"command": ["python", "orders.py", "{port}", kind], "cwd": "."}
        document["workload"]["http"]["journeys"] = {
            "order": {"steps": [{"post": "/orders", "expect": {"status": 201}}]}
        }
        document["counters"] = [
            {
                "name": "order",
                "from": {"get": "/", "value": "orders.last"},
                "bits": 16,
                "preset": {"post": "/number", "json": {"last": 65_000}},
            }
        ]
        document["shape"] = {
            "model": "closed",
            "seed": 1,
            "stages": [{"name": "across", "users": 1, "ops": 1600}],
        }
        return project.file

    return make


CASES: list[tuple[str, Callable[[Project], Path], str | None]] = [
    ("ticket that does not fit", tickets("pack"), "counter-wrap"),
    ("ticket that begins again", tickets("wrap"), "counter-wrap"),
    ("ticket that stands still", tickets("clamp"), "counter-stuck"),
    ("ticket with a book", tickets(""), None),
    ("float32 that counts no further", numbers("float32"), "counter-stuck"),
    ("int in its place", numbers("int"), None),
    ("order in two bytes", orders("short"), "counter-wrap"),
    ("order in eight bytes", orders("long"), None),
    ("id that is an integer", database("serial"), "counter-stuck"),
    ("id that is a bigint", database("bigserial"), None),
]


def failing(verdict: dict[str, Any]) -> list[str]:
    return [finding["class"] for finding in verdict["findings"] if finding["fails"]]


@pytest.mark.parametrize(("name", "make", "expected"), CASES, ids=[case[0] for case in CASES])
def test_what_is_wrong_is_found_and_what_is_right_is_not(
    name: str, make: Callable[[Project], Path], expected: str | None, project: Project
) -> None:
    make(project)
    code, verdict = project.verdict("--no-confirm")
    if expected is None:
        told = [f for f in verdict["findings"] if f["fails"] or f["class"].startswith("counter")]
        assert (code, told) == (0, []), verdict["reasons"]
    else:
        assert code == 1, verdict["reasons"]
        assert expected in failing(verdict)


def test_a_counter_that_never_comes_to_its_edge_is_inconclusive(project: Project) -> None:
    hosted(project, TICKETS, start=1_000)
    project.document["target"]["python"]["call"] = "tickets:issue"
    project.document["counters"][0]["from"] = "state.last_number"
    code, out, err = project.discover("--no-confirm")
    assert code == 125, err
    assert "60,536 more operations" in " ".join((out + err).split())


def test_a_preset_that_fails_ends_the_run_with_3(project: Project) -> None:
    project.document["kind"] = "wrap"
    project.document["counters"] = [
        {
            "name": "id",
            "from": "ops",
            "edge": 100,
            "preset": {"run": [sys.executable, "-c", "raise SystemExit('no such sequence')"]},
        }
    ]
    code, _, err = project.discover()
    assert code == 3
    assert "no such sequence" in err
    assert "preset-failed" in err
    assert project.services() == []
