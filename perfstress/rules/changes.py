"""Two documents compared field by field: what is gone, lower or higher in the newer one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from perfstress.units import parse_rate

Change = Mapping[str, Any]
Measure = Callable[[Any], float]


def gone(where: str, old: Any, new: Any) -> Iterator[Change]:
    """What a list no longer has."""
    for each in old if isinstance(old, list) else ():
        if each not in (new if isinstance(new, list) else ()):
            yield change(where, each, None)


# ---------------------------------------------------------------- fields
def lowered(
    where: str,
    old: Change,
    new: Change,
    measures: Mapping[str, Measure],
    *,
    instead: Collection[str] = (),
) -> Iterator[Change]:
    """The fields that are less by their measure, or gone and in whose place none of ``instead``
    stands.
    """
    for name, measure in measures.items():
        before, after = old.get(name), new.get(name)
        if before is None:
            continue
        replaced = any(other in new for other in instead if other != name)
        if after is None and not replaced:
            yield change(f"{where}.{name}", before, None)
        elif after is not None and _is_less(measure, after, before):
            yield change(f"{where}.{name}", before, after)


def raised(
    where: str, old: Change, new: Change, measures: Mapping[str, Measure]
) -> Iterator[Change]:
    """The fields that are more by their measure, or gone."""
    for name, measure in measures.items():
        before, after = old.get(name), new.get(name)
        if before is not None and after is None:
            yield change(f"{where}.{name}", before, None)
        elif before is not None and _is_less(measure, before, after):
            yield change(f"{where}.{name}", before, after)


def _is_less(measure: Measure, left: Any, right: Any) -> bool:
    try:
        return measure(left) < measure(right)
    except (ValueError, TypeError):
        return False


def change(field: str, before: Any, after: Any) -> Change:
    """One field and its two values; None for what is not there."""
    return {"field": field, "before": before, "after": after}


def part(document: Any, key: str) -> dict[str, Any]:
    """The mapping under a key; an empty one where there is none."""
    value = document.get(key) if isinstance(document, dict) else None
    return value if isinstance(value, dict) else {}


def by_name(listed: Any) -> dict[str, dict[str, Any]]:
    """The mappings of a list by their names."""
    found = listed if isinstance(listed, list) else []
    return {str(each.get("name")): each for each in found if isinstance(each, dict)}


def number(value: Any) -> float:
    """A bare number; raises ValueError for anything else."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    raise ValueError(value)


def level(value: Any) -> float:
    """A rate in operations a second, or a number of users; raises ValueError."""
    return parse_rate(value) if isinstance(value, str) else number(value)
