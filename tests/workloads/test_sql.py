"""The SQL driver as a session uses it, in processes of load."""

import sqlite3

import pytest

from perfstress.engine import guard
from perfstress.errors import ExampleError, GuardTripped, UsageError
from perfstress.loadsummary import summarise
from perfstress.measurement import Interval
from perfstress.plan import epochs
from perfstress.protocols import EpochDone
from perfstress.substitute import REDACTED, redact
from perfstress.workloads.sql import database
from tests.engine.test_sql import DSN, needs_postgres
from tests.support.small import example
from tests.workloads.test_tcp import whole_run

pytestmark = pytest.mark.live


def sql(steps, stage, **given):
    part = {"journeys": {"order": {"steps": steps}}, **given}
    stages = [{"name": "all", **stage}]
    # an answer that is lost must not take as long as the test may
    shape = {"model": "closed", "seed": 1, "processes": 2, "stages": stages, "timeout": "5s"}
    return example(workload={"sql": part}, shape=shape)


def test_a_file_of_sqlite_in_two_processes(tmp_path):
    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as made:
        made.execute("create table orders (id integer primary key, state text)")
    made.close()
    steps = [
        {"query": "insert into orders (state) values (?) returning id", "params": ["new"],
         "capture": {"id": "id"}},
        {"query": "update orders set state = 'paid' where id = ?", "params": ["{{ id }}"],
         "expect": {"rows": 1}},
    ]  # fmt: skip
    sketch = sql(steps, {"users": 4, "ops": 40}, dsn="sqlite:///shop.db", connections=2)
    events = whole_run(sketch, 1, tmp_path)
    load = summarise([event for event in events if isinstance(event, Interval)], epochs(sketch))
    assert (load.operations, load.ok, load.errors) == (40, 80, {})
    with sqlite3.connect(path) as seen:
        assert seen.execute("select count(*) from orders where state = 'paid'").fetchone() == (40,)
    seen.close()


@needs_postgres
def test_postgres_by_a_secret_that_is_never_shown(tmp_path, monkeypatch):
    secret = DSN.replace("postgres@", "nobody-knows-me:hunter22@")
    monkeypatch.setenv("PERFSTRESS_TEST_DSN", secret)
    steps = [{"query": "select 1 as one", "expect": {"rows": 1, "first": {"one": 1}}}]
    sketch = sql(steps, {"users": 2, "ops": 10}, dsn="${env:PERFSTRESS_TEST_DSN}")
    events = whole_run(sketch, 1, tmp_path)
    (done,) = [event for event in events if isinstance(event, EpochDone)]
    assert "nobody-knows-me" in done.troubles["connect"]  # the role is not there
    assert "hunter22" not in repr(events)
    assert redact("hunter22") == REDACTED
    sketch = sql(steps, {"users": 2, "ops": 10}, dsn=DSN)
    events = whole_run(sketch, 1, tmp_path)
    load = summarise([event for event in events if isinstance(event, Interval)], epochs(sketch))
    assert (load.ok, load.errors) == (10, {})


def test_only_one_database_on_this_machine(tmp_path, monkeypatch):
    pytest.importorskip("asyncpg", reason="pip install 'perfstress[postgres]'")
    with pytest.raises(GuardTripped, match="not this machine"):
        database("postgresql://x@192.0.2.1/x", [], tmp_path)
    monkeypatch.setattr(guard, "_answering", lambda addresses, port: addresses[0])
    assert database("postgresql://x@192.0.2.1/x", ["192.0.2.1"], tmp_path)[0] == "192.0.2.1"
    assert database("postgresql:///x?host=/run/postgresql", [], tmp_path)[0] == ""
    absolute = database(f"sqlite:///{tmp_path}/x.db", [], tmp_path)[1]["path"]
    assert absolute == f"{tmp_path}/x.db"
    for wrong in ("mysql://x@127.0.0.1/x", "postgresql://a,b/x", "sqlite://", "postgresql://[/x"):
        with pytest.raises(UsageError, match="not the address of one database") as caught:
            database(wrong, [], tmp_path)
        assert caught.value.slug == "bad-url"


def test_the_example_is_told_where_it_is_wrong(tmp_path):
    with pytest.raises(ExampleError, match=r"workload\.sql\.dsn"):
        whole_run(sql([{"query": "select 1"}], {"users": 1, "ops": 1}, dsn="nowhere"), 1, tmp_path)
