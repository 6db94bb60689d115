"""Values from the command line put into a document: ``--set target.env.X=1``."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from perfstress.errors import Problem
from perfstress.places import Place, dotted, keys_at, wants_text
from perfstress.scalars import TooLong, scalar


def override(
    document: dict[str, Any], overrides: Mapping[str, str]
) -> tuple[tuple[Place, ...], list[Problem]]:
    """Put values into the document; the places that were changed, and what could not be."""
    changed: list[Place] = []
    problems: list[Problem] = []
    for path, text in overrides.items():
        place = _target_place(document, path)
        if isinstance(place, str):
            problems.append(Problem(f"--set {path}", "bad-set", place))
            continue
        at: Any = document
        for step in place[:-1]:
            if isinstance(at, dict):
                at = at.setdefault(step, {})
            else:
                at = at[step]
        value = text if wants_text(place) else scalar(text)
        if isinstance(value, TooLong) or value in (math.inf, -math.inf):
            problems.append(Problem(f"--set {path}={text}", "bad-number", "no usable number"))
            continue
        at[place[-1]] = value
        changed.append(place)
    return tuple(changed), problems


def _target_place(document: dict[str, Any], path: str) -> Place | str:
    """The place that a dotted path names, or why it names none.

    Lists take an index (``stages.1`` or ``stages[1]``) or the name of an item (``stages.spike``).
    Keys may hold dots where the rest of the path is one key of a mapping that takes any key.
    """
    steps = re.sub(r"\[(\d+)\]", r".\1", path).split(".")
    if not all(steps):
        return "is not a path; write keys with dots between them: target.env.NAME=value"
    place: Place = ()
    at: Any = document
    for number, step in enumerate(steps):
        if isinstance(at, list):
            index = _index(at, step)
            if index is None:
                return f"{dotted(place)} has {len(at)} items, and none is {step!r}"
            place, at = (*place, index), at[index]
        elif isinstance(at, dict) or at is None:
            known = keys_at(place)
            if known and step not in known:
                where = dotted(place) or "the document"
                return f"{where}: {step!r} is not a key that belongs here"
            if not known and at is None and not _takes_any_key(place):
                return f"{dotted(place)} does not take a key {step!r}"
            place = (*place, step)
            at = at.get(step) if at else None
        else:
            return f"{dotted(place)} is a single value; {'.'.join(steps[number:])!r} leads nowhere"
    return place


def _takes_any_key(place: Place) -> bool:
    return wants_text((*place, "x")) or bool(keys_at((*place, "x"))) or place[-1:] == ("json",)


def _index(items: list[Any], step: str) -> int | None:
    if step.isdigit():
        return int(step) if int(step) < len(items) else None
    for index, item in enumerate(items):
        if isinstance(item, dict) and item.get("name") == step:
            return index
    return None
