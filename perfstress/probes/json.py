"""Numbers out of a JSON page of the target: its own counts, named by the example."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from typing import Any

from perfstress import control
from perfstress.errors import PerfstressError
from perfstress.extract import Extract, compile_path
from perfstress.probes.pace import Pace
from perfstress.protocols import Reading

TIMEOUT_S = 1.0
DEAR_TIMEOUT_S = 5.0
SHARE_OF_A_CORE = 0.005


class Json:
    """Probe: ``gauge:NAME`` for each name of ``values`` with what its JMESPath finds on the page; a
    list counts as its length, and what is no number cannot be read.
    """

    def __init__(self, url: str, values: Mapping[str, str], instance: str = "") -> None:
        self.name = f"json {instance}".strip()
        self._url = url
        suffix = f'{{instance="{instance}"}}' if instance else ""
        self._values: dict[str, tuple[str, Extract]] = {
            f"gauge:{name}{suffix}": (path, compile_path(path)) for name, path in values.items()
        }
        self._pace = Pace(SHARE_OF_A_CORE)
        self._had_processes = False

    def read(self, pids: Sequence[int], dear: bool) -> Reading:
        """One GET; nothing at all when it is not yet time."""
        if not pids and self._had_processes:
            return Reading(dict.fromkeys(self._values))  # the target has ended
        self._had_processes = bool(pids)
        if not self._pace.due(dear):
            return Reading({})
        began_s = time.thread_time()
        try:
            page = control.get_json(self._url, DEAR_TIMEOUT_S if dear else TIMEOUT_S)
        except PerfstressError as error:
            self._pace.failed()
            return Reading(dict.fromkeys(self._values), error.message)
        read = {name: _number(find(page)) for name, (_, find) in self._values.items()}
        self._pace.read(time.thread_time() - began_s)
        missing = [self._values[name][0] for name, value in read.items() if value is None]
        problem = f"{self._url}: no number at {', '.join(missing)}" if missing else ""
        return Reading(read, problem)

    def evidence(self, pids: Sequence[int]) -> Mapping[str, Any]:
        """Nothing beyond the numbers."""
        return {}

    def close(self) -> None:
        """Nothing to free."""


def _number(found: Any) -> float | None:
    """A finite number, the length of a list or an object; None for anything else."""
    if isinstance(found, list | dict):
        return float(len(found))
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    return float(found) if math.isfinite(found) else None
