"""Sentences that say where to look, from what was described in a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from perfstress.run import Run
from perfstress.whereprose import memory, threads
from tests.support.made_runs import soaked, with_
from tests.support.synthetic import Layout


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return soaked(tmp_path_factory.mktemp("where") / "run", layout=Layout(ops_per_epoch=400))


def seen(run: Run, probe: str, *facts: Mapping[str, Any]) -> Run:
    entries = [
        {"t_s": float(at), "epoch": at, "state": "quiescent", "probe": probe, "facts": one}
        for at, one in enumerate(facts)
    ]
    return with_(run, evidence=[*run.evidence, *entries])


def test_nothing_is_said_where_nobody_described_anything(made: Run) -> None:
    assert (threads(made), memory(made)) == ("", "")


def test_threads_are_told_by_where_most_of_them_stand(made: Run) -> None:
    groups = [
        {"in": "acquire (pool.py:31)", "called_from": "buy (app.py:80)", "count": 8},
        {"in": "accept (socket.py:294)", "called_from": "", "count": 1},
    ]
    told = threads(seen(made, "stacks", {"why": "no answer came", "threads": 9, "groups": groups}))
    assert told == (
        "when no answer came, of 9 threads stood 8 in acquire (pool.py:31), called from "
        "buy (app.py:80); 1 in accept (socket.py:294)"
    )


def test_what_could_not_be_asked_says_what_would_help(made: Run) -> None:
    facts = {"why": "the target hangs", "threads": 0, "groups": [], "problem": "py-spy is missing"}
    assert threads(seen(made, "stacks", facts)) == "py-spy is missing"


def test_lines_come_from_the_confirming_run_alone(made: Run) -> None:
    site = {"where": "cache.py:12", "code": "kept[key] = row", "bytes": 4 << 20, "count": 4096}
    again = seen(made, "allocations", {"sites": [site, {**site, "where": "x.py:1", "bytes": 9}]})
    assert memory(with_(made, confirming=again)) == (
        "allocated and still held: 4 MiB in 4,096 blocks at cache.py:12: kept[key] = row"
    )
    assert memory(again) == ""


def test_mappings_are_compared_with_the_second_floor(made: Run) -> None:
    def maps(heap: int) -> dict[str, Any]:
        return {"maps": [{"name": "[heap]", "bytes": heap}, {"name": "[stack]", "bytes": 8192}]}

    run = seen(made, "maps", maps(0), maps(1 << 20), maps(2 << 20), maps(5 << 20))
    assert memory(run) == "of its mappings grew [heap] by 4 MiB"


def test_the_classes_of_a_jvm_are_those_with_new_objects(made: Run) -> None:
    def classes(orders: int) -> dict[str, Any]:
        return {
            "classes": [
                {"name": "[B", "count": 9000, "bytes": 1 << 20},
                {"name": "Order", "count": orders, "bytes": orders * 1024},
            ]
        }

    again = seen(made, "jvm", classes(0), classes(10), classes(1034))
    assert memory(with_(made, confirming=again)) == "live objects: 1,024 new Order (1 MiB)"


def test_the_owner_of_the_arrays_is_told_with_them(made: Run) -> None:
    def classes(orders: int) -> dict[str, Any]:
        return {
            "classes": [
                {"name": "[B", "count": orders, "bytes": orders * 262_160},
                {"name": "java.util.HashMap$Node", "count": 7 * orders, "bytes": 32 * orders},
                {"name": "Shop$Order", "count": orders, "bytes": orders * 16},
            ]
        }

    again = seen(made, "jvm", classes(0), classes(10), classes(110))
    told = memory(with_(made, confirming=again))
    assert told == "live objects: 100 new [B (25 MiB), 100 new Shop$Order (1.56 KiB)"


def test_the_heap_of_node_is_told_from_its_buffers(made: Run) -> None:
    def heap(used: int, external: int) -> dict[str, Any]:
        return {"used_bytes": used, "external_bytes": external, "detached_contexts": 0}

    run = seen(made, "heap", heap(0, 0), heap(4 << 20, 0), heap(4 << 20, 6 << 20))
    assert memory(run) == "the memory of buffers grew by 6 MiB"
