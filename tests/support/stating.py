"""Made-up runs with what a probe of PostgreSQL or Redis would have said: counters, statements and
commands.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from perfstress.run import Run
from tests.support.made_runs import with_


def counting(run: Run, service: str = "postgres", /, **counters: Callable[[int], float]) -> Run:
    """The run with counters of a service, each a function of the operations completed."""
    samples = [
        dataclasses.replace(
            sample,
            values={
                **sample.values,
                **{f"{service}.{name}": count(sample.ops) for name, count in counters.items()},
            },
        )
        for sample in run.samples
    ]
    return with_(run, samples=samples)


def stating(run: Run, *statements: dict[str, Any], plan: list[str] | None = None) -> Run:
    """The run with statements in the evidence of every floor: ``calls`` and ``rows`` and so on are
    for each operation.
    """
    evidence = [one for one in run.evidence if one.get("probe") != "postgres"]
    ops = {sample.epoch: sample.ops for sample in run.samples if sample.state == "quiescent"}
    for epoch, done in ops.items():
        told = [
            {
                "queryid": str(number),
                "query": one["query"],
                **{k: v * done + 7 for k, v in one.items() if k != "query"},
            }
            for number, one in enumerate(statements)
        ]
        plans = [{"queryid": "0", "query": "", "plan": plan}] if plan else []
        evidence.append(
            {
                "t_s": 0.0,
                "epoch": epoch,
                "state": "quiescent",
                "probe": "postgres",
                "facts": {"statements": told, "plans": plans},
            }
        )
    return with_(run, evidence=evidence)


def one(query: str, calls: float, rows: float = 1.0, blocks: float = 3.0) -> dict[str, Any]:
    """A statement: how often for an operation; rows and blocks of each call."""
    return {
        "query": query,
        "calls": calls,
        "rows": calls * rows,
        "blocks": calls * blocks,
        "exec_s": calls * 1e-4,
    }


def sending(run: Run, probe: str = "redis", /, **commands: Callable[[int], float]) -> Run:
    """The run with commands in the evidence of every floor of Redis: the calls of each, a function
    of the operations completed.
    """
    ops = {sample.epoch: sample.ops for sample in run.samples if sample.state == "quiescent"}
    told = [
        {
            "t_s": 0.0,
            "epoch": epoch,
            "state": "quiescent",
            "probe": probe,
            "facts": {
                "commands": [
                    {"command": name, "calls": 7 + calls(done), "seconds": 0.0}
                    for name, calls in commands.items()
                ]
            },
        }
        for epoch, done in ops.items()
    ]
    return with_(run, evidence=[*run.evidence, *told])
