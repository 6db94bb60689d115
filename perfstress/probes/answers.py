"""Numbers that a target answers with: the counters of an example that are read from its JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from perfstress.control import Doorway, get_json
from perfstress.errors import TargetError
from perfstress.extract import compile_path
from perfstress.protocols import Reading

WITHIN_S = 2.0


class Answers:
    """Asks each address once a reading; ``wanted`` maps a name to its address and a JMESPath.

    The metric is ``answer:NAME``. What does not answer, or not with a number, is None.
    """

    name = "answers"

    def __init__(self, wanted: Mapping[str, tuple[str, str]], doorway: Doorway) -> None:
        self._wanted = dict(wanted)
        self._doorway = doorway

    def read(self, pids: Sequence[int], dear: bool) -> Reading:
        """Every number, each address asked once."""
        documents: dict[str, Any] = {}
        values: dict[str, float | None] = {}
        problem = ""
        for name, (url, expression) in self._wanted.items():
            try:
                if url not in documents:
                    documents[url] = get_json(url, WITHIN_S, self._doorway)
            except TargetError as error:
                documents[url], problem = None, error.message
            found = compile_path(expression)(documents[url])
            values[f"answer:{name}"] = number = _number(found)
            if number is None and documents[url] is not None:
                problem = f"{url}: {expression} is {found!r:.60}, which is no number"
        return Reading(values, problem)

    def evidence(self, pids: Sequence[int]) -> Mapping[str, Any]:
        """Nothing besides the numbers."""
        return {}

    def close(self) -> None:
        """Nothing to free."""


def _number(found: Any) -> float | None:
    """The number, also one in a text as 64-bit numbers often are; None for anything else."""
    if isinstance(found, bool):
        return None
    try:
        number = float(found)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None
