"""Every series of a Prometheus page: the only door to ``prometheus_client.parser``."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from perfstress import control
from perfstress.errors import PerfstressError
from perfstress.probes import remote as remote_names
from perfstress.protocols import Reading
from perfstress.run import Limit

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

MAX_PAGE_BYTES = 8 * 2**20
# A floor may wait for an answer, a tick among others may not.
TIMEOUT_S = 1.0
DEAR_TIMEOUT_S = 5.0
# Parsing is left out until it has cost no more than this share of a core; after a failure the page
# is asked for ever less often, so that a stalled target is not asked each second.
SHARE_OF_A_CORE = 0.005
LONGEST_WAIT_S = 10.0
FAMILIES_TOLD = 20

_COUNTED = ("counter", "histogram", "summary")
_COUNTER_ENDINGS = ("_total", "_count", "_sum", "_bucket")
_PARTS = ("le", "quantile")  # labels that divide one series, not label sets of their own


class Prometheus:
    """Probe: ``gauge:NAME{labels}``, ``counter:NAME{labels}`` (counters and the parts of histograms
    and summaries) and ``labels:FAMILY``, the number of a family's label sets.

    ``_created`` times are left out: they are not measurements. ``instance`` becomes a label where
    several pages are read, since two may have a series of the same name. Type-less series count as
    counters when their name ends like one. Of a ``remote`` target, of which nothing else is read,
    the page also gives ``memory``, ``fds``, ``threads`` and ``cpu_s`` (``remote.PRIMARY``).
    """

    def __init__(self, url: str, instance: str = "", remote: bool = False) -> None:
        self.name = f"prometheus {instance}".strip()
        self._url = url
        self._instance = instance
        self._remote = remote
        self._limits: dict[str, Limit] = {}
        self._known: dict[str, None] = {}
        self._had_processes = False
        self._again_at = 0.0
        self._wait_s = 1.0
        # The page of last time without its values, and what its lines are called: while only the
        # values change, and that is nearly always, nothing has to be parsed.
        self._heads: list[str] = []
        self._keys: list[str | None] = []
        self._labels: dict[str, float | None] = {}

    def read(self, pids: Sequence[int], dear: bool) -> Reading:
        """One scrape; nothing at all when it is not yet time."""
        if not pids and self._had_processes:
            return Reading(dict.fromkeys(self._known))  # the target has ended
        self._had_processes = bool(pids)
        if not dear and time.monotonic() < self._again_at:
            return Reading({})
        began_s = time.thread_time()
        try:
            page, content_type = self._fetch(DEAR_TIMEOUT_S if dear else TIMEOUT_S)
            values = self._values(page, content_type)
        except PerfstressError as error:
            return self._failed(error.message)
        except Exception as error:  # the parser raises whatever a malformed line leads it to
            return self._failed(f"{self._url}: not a Prometheus page: {error}")
        if self._remote:
            self._limits = remote_names.limits(values)
            values = {**values, **remote_names.primary(values)}
        cost_s = time.thread_time() - began_s
        self._wait_s = 1.0
        self._again_at = time.monotonic() + cost_s / SHARE_OF_A_CORE - 0.2
        gone = {name: None for name in self._known if name not in values}
        self._known.update(dict.fromkeys(values))
        return Reading({**gone, **values})

    def limits(self) -> Mapping[str, Limit]:
        """What the page of a remote target says of its limits."""
        return self._limits

    def _failed(self, why: str) -> Reading:
        self._again_at = time.monotonic() + self._wait_s
        self._wait_s = min(2 * self._wait_s, LONGEST_WAIT_S)
        return Reading(dict.fromkeys(self._known), why)

    def _fetch(self, timeout_s: float) -> tuple[str, str]:
        answer = control.get(self._url, timeout_s)
        if not answer.is_success:
            raise PerfstressError(f"{self._url} answers {answer.status}, not 200")
        if len(answer.body) > MAX_PAGE_BYTES:
            raise PerfstressError(
                f"{self._url}: {len(answer.body):,} bytes; at most {MAX_PAGE_BYTES:,} are read"
            )
        return answer.body.decode("utf-8"), answer.headers.get("content-type", "")

    # ------------------------------------------------------------ the page
    def _values(self, page: str, content_type: str) -> dict[str, float | None]:
        lines = [line for line in page.split("\n") if line and line[0] != "#"]
        parts = [line.rpartition(" ") for line in lines]
        heads = [head for head, _, _ in parts]
        if heads and heads == self._heads:
            try:
                values = {
                    key: _finite(float(value))
                    for key, (_, _, value) in zip(self._keys, parts, strict=True)
                    if key is not None
                }
                return {**values, **self._labels}
            except ValueError:
                pass  # a line that is not as plain as it looks
        return self._parsed(page, content_type, heads, [value for _, _, value in parts])

    def _parsed(
        self, page: str, content_type: str, heads: list[str], tails: list[str]
    ) -> dict[str, float | None]:
        keys: list[str | None] = []
        numbers: list[float] = []
        values: dict[str, float | None] = {}
        labels: dict[str, float | None] = {}
        for family in _families(page, content_type):
            sets = set()
            for sample in family.samples:
                key = self._key(family, sample.name, sample.labels)
                keys.append(key)
                numbers.append(float(sample.value))
                if key is None:
                    continue
                values[key] = _finite(float(sample.value))
                sets.add(frozenset(pair for pair in sample.labels.items() if pair[0] not in _PARTS))
            if sets or not family.name.endswith("_created"):
                name = f"labels:{family.name}{self._suffix()}"
                labels[name] = (labels.get(name) or 0) + len(sets)
        # Lines and samples come in the same order; where they do not match one to one (timestamps,
        # exemplars) the page is parsed anew each time.
        if _same(tails, numbers):
            self._heads, self._keys, self._labels = heads, keys, labels
        else:
            self._heads = []
        return {**values, **labels}

    def _suffix(self) -> str:
        return f"{{instance={json.dumps(self._instance)}}}" if self._instance else ""

    def _key(self, family: Metric, name: str, labels: Mapping[str, str]) -> str | None:
        """The metric's name in a run; None for what is not a measurement."""
        if name.endswith("_created"):
            return None
        is_counter = family.type in _COUNTED or (
            family.type in ("unknown", "untyped") and name.endswith(_COUNTER_ENDINGS)
        )
        if self._instance:
            labels = {**labels, "instance": self._instance}
        inside = ",".join(
            f"{label}={json.dumps(value, ensure_ascii=False)}"
            for label, value in sorted(labels.items())
        )
        return f"{'counter' if is_counter else 'gauge'}:{name}{{{inside}}}".removesuffix("{}")

    def evidence(self, pids: Sequence[int]) -> Mapping[str, Any]:
        """The families with the most label sets, at the last scrape."""
        labels = sorted(self._labels.items(), key=lambda item: -(item[1] or 0))
        return {
            "series": sum(key is not None for key in self._keys),
            "label_sets": {
                name.removeprefix("labels:"): count for name, count in labels[:FAMILIES_TOLD]
            },
        }

    def close(self) -> None:
        """Nothing to free."""


def _families(page: str, content_type: str) -> Iterable[Metric]:
    # Delayed: 0.05 s, and most examples have no such page.
    if content_type.startswith("application/openmetrics-text"):
        from prometheus_client.openmetrics import parser as openmetrics

        families: Iterable[Metric] = openmetrics.text_string_to_metric_families(page)  # type: ignore[no-untyped-call]
        return families
    from prometheus_client import parser

    return parser.text_string_to_metric_families(page)


def _finite(value: float) -> float | None:
    """NaN and infinity are answers, but no numbers that a series could have."""
    return value if math.isfinite(value) else None


def _same(tails: Sequence[str], numbers: Sequence[float]) -> bool:
    """Whether each line ends in the number that the parser read from it."""
    try:
        return len(tails) == len(numbers) and all(
            float(tail) == number or (number != number and tail.lower() == "nan")
            for tail, number in zip(tails, numbers, strict=True)
        )
    except ValueError:
        return False
