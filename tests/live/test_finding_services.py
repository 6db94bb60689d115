"""What the probes of services find: each class on a service that has the defect, and nothing on its
mended twin.
"""

from __future__ import annotations

import copy
import json
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.cluster import HINT, ask, binaries, cluster
from tests.support.project import Project
from tests.support.redis_server import HINT as REDIS_HINT
from tests.support.redis_server import PROGRAM, redis_server

pytestmark = pytest.mark.live

SERVICE = Path(__file__).parents[1] / "support" / "backed.py"
REDIS = "redis://127.0.0.1:6379/11"
TABLES = (
    "CREATE TABLE purchases (id serial PRIMARY KEY, customer int, keyed int, note text)",
    """INSERT INTO purchases (customer, keyed, note)
    SELECT i % 2000, i % 2000, repeat('x', 60) FROM generate_series(1, 20000) i""",
    "CREATE INDEX ON purchases (keyed)",
    "CREATE TABLE lines (id serial PRIMARY KEY, purchase int, item text)",
    """INSERT INTO lines (purchase, item)
    SELECT i % 100 + 1, 'item ' || i FROM generate_series(1, 1000) i""",
    "CREATE INDEX ON lines (purchase)",
    "CREATE TABLE sales (id serial PRIMARY KEY, customer int, note text)",
    "CREATE INDEX ON sales (customer, id)",
    "ANALYZE",
)


def serves(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


needs_postgres = pytest.mark.skipif(binaries() is None, reason=HINT)


@pytest.fixture(scope="module")
def dsn() -> Iterator[str]:
    """A database of the tests' own, with statements counted."""
    with cluster() as made:
        ask(made, *TABLES)
        yield made


@pytest.fixture(scope="module")
def redis_url() -> Iterator[str]:
    """A Redis of the tests' own: what others send is no part of an operation."""
    if PROGRAM is None:
        pytest.skip(REDIS_HINT)
    pytest.importorskip("redis", reason=REDIS_HINT)
    with redis_server() as url:
        yield url


def backed(project: Project, mode: str, where: str, probe: dict[str, Any]) -> None:
    """Make the project's example a soak of the service in this mode, watched by this probe."""
    project.soak()
    target = project.document["target"]
    target["command"] = ["python", str(SERVICE), "{port}", mode, *([where] if where else [])]
    target["probes"] = [probe]
    http = project.document["workload"]["http"]
    http["journeys"] = {"look": {"steps": [{"get": "/work", "expect": {"status": 200}}]}}
    project.document["success"] = ["errors.count == 0"]


def found(verdict: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one["class"], one["resource"]) for one in verdict["findings"] if one["fails"]]


def flushed() -> None:
    """Redis without keys of a run before."""
    redis = pytest.importorskip("redis")
    with redis.Redis.from_url(REDIS) as client:
        client.flushdb()


def keyed(mode: str) -> Callable[[Project], Path]:
    """A soak that fills Redis."""

    def make(project: Project) -> Path:
        flushed()
        backed(project, mode, REDIS, {"redis": REDIS})
        project.document["hunts"] = ["gauge-growth"]
        return project.file

    return make


def logging_(mode: str) -> Callable[[Project], Path]:
    """A soak that writes a log."""

    def make(project: Project) -> Path:
        path = str(project.root / "app.log")
        backed(project, mode, path, {"log": path})
        project.document["target"]["limits"]["disk"] = "10MiB"
        return project.file

    return make


def paged(mode: str) -> Callable[[Project], Path]:
    """A soak watched by the target's own page of numbers."""

    def make(project: Project) -> Path:
        page = {"url": "http://127.0.0.1:{port}/numbers", "values": {"sessions": "sessions"}}
        backed(project, mode, "", {"json": page})
        project.document["success"] += ['gauge("sessions").growth == none']
        return project.file

    return make


# Name, what makes the example, and the class that is expected; those with a database are below.
CASES: list[tuple[str, Callable[[Project], Path], str | None]] = [
    ("log", logging_("log"), "disk-growth"),
    ("rotating", logging_("rotating"), None),
    ("gauge", paged("gauge"), "gauge-growth"),
    ("sessions", paged("sessions"), None),
    ("keys", keyed("keys"), "gauge-growth"),
    ("few-keys", keyed("expiring"), None),
]


@pytest.mark.parametrize(("name", "make", "expected"), CASES, ids=[case[0] for case in CASES])
def test_growth_that_a_probe_sees(
    project: Project, name: str, make: Callable[[Project], Path], expected: str | None
) -> None:
    if "keys" in name and not serves(6379):
        pytest.skip("apt install redis-server; pip install 'perfstress[redis]'")
    make(project)
    code, verdict = project.verdict("--no-confirm")
    told = [(one["class"], one["resource"], one["summary"]) for one in verdict["findings"]]
    assert code == (1 if expected else 0), (verdict["reasons"], told)
    assert [kind for kind, _ in found(verdict)] == ([expected] if expected else []), told
    diagnosis = " ".join(one["diagnosis"] for one in verdict["findings"] if one["fails"])
    if name == "keys":
        assert "new keys of the form session:*" in diagnosis
        assert "none of them expires" in diagnosis
    if name == "log":
        assert "ERROR order" in diagnosis


@needs_postgres
def test_connections_that_the_server_sees_leak(project: Project, dsn: str) -> None:
    backed(project, "connections", dsn, {"postgres": dsn})
    project.document["production"] |= {"operations": 160}
    for stage, ops in zip(project.document["shape"]["stages"], (10, 160), strict=True):
        stage["ops"] = ops
    code, verdict = project.verdict("--no-confirm")
    assert code == 1, verdict["reasons"]
    told = {one["class"]: one for one in verdict["findings"] if one["fails"]}
    assert "connection-growth" in told
    assert "max_connections" in told["connection-growth"]["summary"]
    diagnosis = told["connection-growth"]["diagnosis"]
    assert "to 127.0.0.1" in diagnosis  # what the target knows
    assert "PostgreSQL has 32 more idle from 127.0.0.1" in diagnosis  # and the server


@pytest.mark.parametrize(("mode", "leaks"), [("descriptors", True), ("well", False)])
def test_a_target_that_is_known_by_its_page_alone(project: Project, mode: str, leaks: bool) -> None:
    """Attached by its address: nothing of its process is read, only what it tells."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    service = subprocess.Popen([sys.executable, str(SERVICE), str(port), mode])
    try:
        backed(project, mode, "", {"prometheus": f"http://127.0.0.1:{port}/metrics"})
        target = project.document["target"]
        for key in ("command", "limits", "stop"):
            del target[key]
        target["attach"] = {"url": f"http://127.0.0.1:{port}"}
        target["ready"] = {"get": "/", "within": "10s"}
        project.document["workload"]["http"]["base_url"] = f"http://127.0.0.1:{port}"
        project.document["success"] += ["fds.growth == none"]
        code, verdict = project.verdict("--no-confirm")
        assert code == (1 if leaks else 0), verdict["reasons"]
        assert found(verdict) == ([("fd-growth", "fds")] if leaks else [])
        assert ("process_max_fds" in str(verdict["findings"])) is leaks
    finally:
        service.kill()
        service.wait()


@needs_postgres
@pytest.mark.parametrize("mode", ["pooled", "sales"])
def test_a_pool_and_a_table_that_grows_by_design_are_no_defects(
    project: Project, dsn: str, mode: str
) -> None:
    """Whatever is hunted: orders have to be kept."""
    backed(project, mode, dsn, {"postgres": dsn})
    project.document["hunts"] = ["disk-growth", "connection-growth", "work-amplification"]
    code, verdict = project.verdict("--no-confirm")
    assert (code, found(verdict)) == (0, []), verdict["reasons"]


def amplified(project: Project, mode: str, dsn: str) -> None:
    backed(project, mode, dsn, {"postgres": dsn})
    project.document["hunts"] = ["work-amplification"]


@needs_postgres
@pytest.mark.parametrize(
    ("mode", "told"),
    [
        ("n-plus-one", ["SELECT item FROM lines WHERE id", "once for each row of"]),
        ("joined", []),
        ("history", ["queries for each operation went from", "most of it in SELECT item"]),
        ("no-index", ["purchases from end to end", "sequential scan", "customer"]),
        ("index", []),
    ],
)
def test_work_that_is_amplified(project: Project, dsn: str, mode: str, told: list[str]) -> None:
    amplified(project, mode, dsn)
    code, verdict = project.verdict()
    assert code == (1 if told else 0), verdict["reasons"]
    assert {kind for kind, _ in found(verdict)} == ({"work-amplification"} if told else set())
    said = " ".join(f"{one['summary']} {one['diagnosis']}" for one in verdict["findings"])
    assert [word for word in told if word not in said] == []


def by_lines(project: Project) -> None:
    """A sweep: the number of lines of an order."""
    project.document["kind"] = "sweep"
    project.document["production"].pop("operations")
    project.document["production"]["size"] = {"lines": 100}
    project.document["shape"] = {
        "model": "closed",
        "seed": 1,
        "size": {"name": "lines", "values": [1, 10, 30, 100]},
        "stages": [{"name": "sizes", "users": 1, "ops": 40}],
        "timeout": "10s",
    }
    steps = [{"get": "/lines/{{ size.lines }}", "expect": {"status": 200}}]
    project.document["workload"]["http"]["journeys"] = {"look": {"steps": steps}}


@needs_postgres
@pytest.mark.parametrize(("mode", "amplified_"), [("per-line", True), ("all-lines", False)])
def test_queries_that_go_with_the_size(
    project: Project, dsn: str, mode: str, amplified_: bool
) -> None:
    amplified(project, mode, dsn)
    by_lines(project)
    code, verdict = project.verdict()
    assert code == (1 if amplified_ else 0), verdict["reasons"]
    assert found(verdict) == ([("work-amplification", "postgres.queries")] if amplified_ else [])
    if amplified_:
        (told,) = [one for one in verdict["findings"] if one["fails"]]
        low, high = told["interval"]
        assert low <= 1.0 <= high
        assert "1 at 1, 100 at 100, 1 more for each 1" in told["summary"]
        assert "most of it in SELECT item FROM lines WHERE id = $1" in told["diagnosis"]


@needs_postgres
@pytest.mark.parametrize(("mode", "held"), [("n-plus-one", False), ("joined", True)])
def test_queries_for_each_operation_are_bounded(
    project: Project, dsn: str, mode: str, held: bool
) -> None:
    """In ordinary load, without epochs."""
    ordinary = {
        key: copy.deepcopy(project.document[key]) for key in ("shape", "kind", "production")
    }
    backed(project, mode, dsn, {"postgres": dsn})
    project.document |= ordinary
    project.document["success"] += ["queries.per_op <= 6", "queries.per_op <= 6 during all"]
    code, verdict = project.verdict()
    assert code == (0 if held else 1), verdict["reasons"]
    kinds = {kind for kind, _ in found(verdict)}
    assert kinds == (set() if held else {"work-amplification"})
    assert ("lines" in str(verdict["findings"])) is not held


def looking_up(project: Project, mode: str, url: str) -> None:
    backed(project, mode, url, {"redis": url})
    project.document["hunts"] = ["work-amplification"]


@pytest.mark.parametrize(
    ("mode", "resource", "told"),
    [
        (
            "key-history",
            "redis.commands",
            ["Redis commands for each operation went from", "most of it in GET: ", "(MGET or a"],
        ),
        ("one-key", "", []),
        (
            "forgotten-keys",
            "redis.misses",
            ["lookups that miss in Redis for each operation went from", "1 × MGET for each"],
        ),
        ("remembered-keys", "", []),
    ],
)
def test_lookups_that_become_more(
    project: Project, redis_url: str, mode: str, resource: str, told: list[str]
) -> None:
    looking_up(project, mode, redis_url)
    code, verdict = project.verdict()
    assert code == (1 if told else 0), verdict["reasons"]
    assert found(verdict) == ([("work-amplification", resource)] if told else [])
    said = " ".join(f"{one['summary']} {one['diagnosis']}" for one in verdict["findings"])
    assert [word for word in told if word not in said] == []


@pytest.mark.parametrize(("mode", "amplified_"), [("key-per-line", True), ("keys-at-once", False)])
def test_commands_that_go_with_the_size(
    project: Project, redis_url: str, mode: str, amplified_: bool
) -> None:
    looking_up(project, mode, redis_url)
    by_lines(project)
    code, verdict = project.verdict()
    assert code == (1 if amplified_ else 0), verdict["reasons"]
    assert found(verdict) == ([("work-amplification", "redis.commands")] if amplified_ else [])
    if amplified_:
        (told,) = verdict["findings"]  # GET is named, and not told as repeated again
        low, high = told["interval"]
        assert low <= 1.0 <= high
        assert "1 at 1, 100 at 100, 1 more for each 1" in told["summary"]
        assert "most of it in GET: 1 for each operation of the smallest" in told["diagnosis"]
        assert "100 of the largest; ask for all at once (MGET or a pipeline)" in told["diagnosis"]


@pytest.mark.parametrize(("mode", "held"), [("key-per-line", False), ("keys-at-once", True)])
def test_commands_for_each_operation_are_bounded(
    project: Project, redis_url: str, mode: str, held: bool
) -> None:
    """In ordinary load, without epochs: ten lines, all of which are there. Slow enough that a busy
    machine has no answer too late: errors are no matter of this.
    """
    ordinary = {
        key: copy.deepcopy(project.document[key]) for key in ("shape", "kind", "production")
    }
    ordinary["production"]["rate"] = ordinary["shape"]["stages"][0]["rate"] = "25/s"
    ordinary["shape"]["timeout"] = "10s"
    backed(project, mode, redis_url, {"redis": redis_url})
    project.document |= ordinary
    steps = [{"get": "/lines/10", "expect": {"status": 200}}]
    project.document["workload"]["http"]["journeys"] = {"look": {"steps": steps}}
    bounds = ["commands.per_op <= 4", "commands.per_op <= 4 during all", "misses.per_op <= 0.1"]
    project.document["success"] += bounds
    code, verdict = project.verdict()
    assert code == (0 if held else 1), verdict["reasons"]
    told = [(one["resource"], one["fails"]) for one in verdict["findings"]]
    broken = [("commands.per_op", True)] * 2 + [("GET", False)]
    assert told == ([] if held else broken)
    if not held:
        assert (
            "10 × GET for each operation; ask for all at once (MGET or a pipeline)"
            in (verdict["findings"][0]["diagnosis"])
        )
        assert "sent 10 times for each operation: GET" in verdict["findings"][2]["summary"]
    outcomes = [check["outcome"] for check in verdict["checks"]]
    assert outcomes[1:] == (["PASS"] * 3 if held else ["FAIL", "FAIL", "PASS"])


@pytest.mark.parametrize(
    "probe",
    [
        {"postgres": "postgresql://nobody@127.0.0.1:1/none"},
        {"redis": "redis://127.0.0.1:1"},
        {"json": {"url": "http://127.0.0.1:1/", "values": {"a": "b"}}},
    ],
    ids=["postgres", "redis", "json"],
)
def test_a_probe_that_reads_nothing_leaves_the_verdict_open(
    project: Project, probe: dict[str, Any]
) -> None:
    backed(project, "well", "", probe)
    code, out, _ = project.discover("--json")
    verdict = json.loads(out or "{}")
    assert (code, verdict.get("verdict")) == (125, "INCONCLUSIVE")
    assert any("could not be read" in reason for reason in verdict["reasons"])
