"""Asks the target for the figures that an example relates to what the generator counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from perfstress.control import get_json, guard
from perfstress.doorways import doorway_of
from perfstress.errors import GuardTripped, TargetError
from perfstress.example import Invariant, InvariantCriterion, WorkedExample
from perfstress.plan import journey_mix
from perfstress.relations import names_of, parse_relation
from perfstress.substitute import substitute

ANSWER_WITHIN_S = 10.0


def asked(
    example: WorkedExample,
    values: Mapping[str, str],
    folder: Path,
    ok: Mapping[str, int],
    when: str = "after",
) -> Iterator[dict[str, Any]]:
    """For each invariant of ``success`` the facts of an "invariant" event.

    ``ok`` has the journeys completed without error by name. Of the target's answer only the figures
    that the relation names are kept; ``answer`` is None with a ``problem`` when it could not be
    had.
    """
    counts = {f"ok.{name}": ok.get(name, 0) for name in journey_mix(example)}
    for line in example.success:
        if isinstance(line, InvariantCriterion):
            answer, problem = _ask(example, line.invariant, values, folder)
            yield {
                "when": when,
                "get": line.invariant.get,
                "that": line.invariant.that,
                "answer": _needed(answer, line.invariant.that),
                "problem": problem,
                "counts": counts,
            }


def _ask(
    example: WorkedExample, invariant: Invariant, values: Mapping[str, str], folder: Path
) -> tuple[object, str]:
    http = example.workload.http
    base = "" if "://" in invariant.get or http is None else http.base_url.rstrip("/")
    url = substitute(base + invariant.get, values, folder=folder)
    doorway = doorway_of(http if base else None, values, folder)
    try:
        if doorway.unix is None:
            guard(url, example.allow_hosts)
        return get_json(url, ANSWER_WITHIN_S, doorway), ""
    except (TargetError, GuardTripped) as error:
        return None, error.message


def _needed(answer: object, that: str) -> object:
    if not isinstance(answer, Mapping):
        return answer
    wanted = {name.split(".")[0] for name in names_of(parse_relation(that))}
    return {key: value for key, value in answer.items() if key in wanted}
