"""Sentences of a diagnosis, from what the probes described."""

from __future__ import annotations

import dataclasses

import pytest

from perfstress.prose import explained
from perfstress.verdict import Finding
from tests.support.made_runs import soaked, with_
from tests.support.synthetic import Layout


@pytest.fixture(scope="module")
def flat(tmp_path_factory):
    return soaked(tmp_path_factory.mktemp("flat") / "run", layout=Layout(epochs=4))


def finding(kind: str, resource: str, **changes) -> Finding:
    plain = {"per_op": 0.0004, "unit": "/op", "interval": (0.0003, 0.0005)}
    return Finding(kind, resource, "UNBOUNDED", f"{resource} grow", **{**plain, **changes})


def described(flat, probe: str, first: dict, last: dict, *, start: dict | None = None):
    entries = [(-1, start or first), (0, first), (4, last)]
    evidence = [
        {"t_s": float(epoch), "epoch": epoch, "state": "quiescent", "probe": probe, "facts": facts}
        for epoch, facts in entries
    ]
    return with_(flat, evidence=[*flat.evidence, *evidence])


def diagnosis(run, found: Finding) -> str:
    [told] = explained(run, [found])
    return told.diagnosis


def files(*paths: tuple[str, int]) -> list[dict]:
    return [{"path": path, "count": count, "deleted": False} for path, count in paths]


def test_descriptors_of_one_file(flat):
    first = {"descriptors": {"file": 6, "socket": 3}, "files": files(("/run/shop.db", 4))}
    last = {"descriptors": {"file": 86, "socket": 3}, "files": files(("/run/shop.db", 84))}
    told = diagnosis(described(flat, "process", first, last), finding("fd-growth", "fds"))
    assert told == "of 80 new descriptors all are regular files: 80 × /run/shop.db"


def test_descriptors_of_deleted_files_each_with_its_own_name(flat):
    gone = [{"path": f"/tmp/export-{n}.csv", "count": 1, "deleted": True} for n in range(5)]
    run = described(flat, "process", {"descriptors": {"file": 1}, "files": []},
                    {"descriptors": {"file": 401}, "files": gone})  # fmt: skip
    told = diagnosis(run, finding("fd-growth", "fds"))
    assert "of 400 new descriptors all are regular files: deleted files, such as /tmp/exp" in told


def test_descriptors_of_other_kinds(flat):
    run = described(
        flat,
        "process",
        {"descriptors": {"pipe": 2, "eventfd": 1}},
        {"descriptors": {"pipe": 12, "eventfd": 3}},
    )
    told = diagnosis(run, finding("fd-growth", "fds"))
    assert told == "of 12 new descriptors 10 are pipes"


def tcp(*groups: tuple[str, str, str, str, int]) -> dict:
    names = ("direction", "local", "peer", "state", "count")
    return {"tcp": [dict(zip(names, group, strict=True)) for group in groups]}


DATABASE = ("out", "", "127.0.0.1:5432", "ESTABLISHED")


def test_connections_by_peer_and_state(flat):
    run = described(flat, "sockets", tcp((*DATABASE, 4)), tcp((*DATABASE, 84)))
    told = diagnosis(run, finding("connection-growth", "connections"))
    assert told == "80 new connections to 127.0.0.1:5432 in state ESTABLISHED"


def test_connections_that_the_peer_has_closed(flat):
    inbound = ("in", "127.0.0.1:80", "10.0.0.7", "CLOSE_WAIT")
    run = described(flat, "sockets", tcp(), tcp((*inbound, 9)))
    told = diagnosis(run, finding("connection-growth", "connections"))
    assert "from 10.0.0.7 to 127.0.0.1:80 in state CLOSE_WAIT" in told
    assert "the peer has closed, the target has not" in told


def test_sockets_among_descriptors_lead_to_their_peers(flat):
    run = described(
        flat, "process", {"descriptors": {"socket": 4}}, {"descriptors": {"socket": 84}}
    )
    run = described(run, "sockets", tcp((*DATABASE, 4)), tcp((*DATABASE, 84)))
    told = diagnosis(run, finding("fd-growth", "fds"))
    assert told.startswith("of 80 new descriptors all are sockets; 80 new connections to 127")


def test_connections_and_their_descriptors_are_one_finding(flat):
    run = described(flat, "sockets", tcp((*DATABASE, 4)), tcp((*DATABASE, 84)))
    fds = finding("fd-growth", "fds", exhausts_in_s=1e6, limit=1024.0)
    connections = finding("connection-growth", "connections", exhausts_in_s=2e6, limit=4096.0)
    [one] = explained(run, [fds, connections])
    assert one.kind == "connection-growth"
    assert (one.exhausts_in_s, one.limit) == (1e6, 1024.0)
    assert "connections grow; fds grow" in one.summary
    assert "each connection holds one" in one.diagnosis
    assert "127.0.0.1:5432" in one.diagnosis


def test_a_few_connections_do_not_explain_many_descriptors(flat):
    fds = finding("fd-growth", "fds", per_op=0.01)
    assert len(explained(flat, [fds, finding("connection-growth", "connections")])) == 2


def test_threads_name_their_process(flat):
    def processes(threads: int) -> dict:
        return {"processes": [{"pid": 7, "threads": threads, "command": "python -m shop"}]}

    run = described(flat, "process", processes(6), processes(86))
    told = diagnosis(run, finding("thread-growth", "threads"))
    assert told == "80 new threads in process 7 (python -m shop)"


def test_processes_name_their_command(flat):
    zombie = {"pid": 9, "command": "convert", "state": "Z"}
    run = described(flat, "process", {"processes": []}, {"processes": [zombie, zombie]})
    assert diagnosis(run, finding("process-growth", "zombies")) == "2 × convert (zombie)"


def test_disk_names_its_files(flat):
    run = described(
        flat,
        "disk",
        {"disk:/data": [{"path": "/data/wal", "bytes": 1024}]},
        {"disk:/data": [{"path": "/data/wal", "bytes": 1024 + 2**20}]},
    )
    assert diagnosis(run, finding("disk-growth", "disk:/data")) == "/data/wal by 1 MiB"


def test_memory_names_the_gauges_that_go_along(flat):
    samples = [
        dataclasses.replace(
            sample,
            values={
                "memory": 2**26 + 72.0 * sample.ops,
                "gauge:state.records": float(sample.ops),
                "gauge:state.other": 5.0,
            },
        )
        for sample in flat.samples
    ]
    told = diagnosis(with_(flat, samples=samples), finding("memory-growth", "memory"))
    assert told == "gauge:state.records rises along with it, 72 B for each 1"


def test_latency_names_the_gauges_that_grow(flat):
    drift = finding("latency-drift", "buy / login")
    gauge = finding("gauge-growth", "gauge:shop_sessions", per_op=0.01)
    told = explained(flat, [drift, gauge])[0].diagnosis
    assert told == "growing with the work as well: gauge:shop_sessions by 0.01 per operation"


@pytest.mark.parametrize(
    "kind",
    ["fd-growth", "connection-growth", "thread-growth", "process-growth", "disk-growth", "crash"],
)
@pytest.mark.parametrize("facts", [{}, {"descriptors": None, "files": 3, "tcp": "?"}])
def test_without_evidence_or_with_strange_evidence_nothing_is_said(flat, kind, facts):
    run = described(flat, "process", facts, facts) if facts else flat
    run = described(run, "sockets", facts, facts) if facts else run
    assert diagnosis(run, finding(kind, "x", diagnosis="as it was")) == "as it was"
