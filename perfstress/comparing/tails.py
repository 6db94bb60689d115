"""The slow end of two commits' latencies, compared by how many are there and not by how slow.

A p99 of few requests is one of them, and where the machine delays some requests itself it is often
one of those. How many lie beyond a time is far steadier from run to run. So for every time ``t``
from the p90 to the p99 of the older commit the share of its answers beyond ``t`` stands beside the
share of the newer one's beyond 1.15 ``t``: where the second is greater, the percentile at that
share became worse by more than the 15 % that matter. The first pairs choose the ``t`` where it
looks worst. Whether it is worse there all pairs decide, as for any other figure.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from perfstress.comparing import paired
from perfstress.comparing.compared import Compared
from perfstress.comparing.figures import LEAST, histograms_of
from perfstress.comparing.metrics import TABLE, metric_named
from perfstress.histogram import Histogram
from perfstress.run import Run
from perfstress.units import NS_PER_S

FROM, TO = 0.90, 0.99  # the percentiles of the older commit between which one looks
WORSE_BY = 1.0 + TABLE["response.p99"].smallest
MOST_TIMES = 100  # a tail over six powers of ten is looked at in wider steps

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


@dataclasses.dataclass(frozen=True, slots=True)
class Tail:
    """The latencies of one run: ``values`` in ns, rising, and how often each was ``counted``."""

    values: Floats
    counted: Counts

    @staticmethod
    def of(histogram: Histogram) -> Tail:
        """The latencies that a histogram holds, to its resolution."""
        buckets = histogram.buckets()
        return Tail(
            np.array([highest for _, highest, _ in buckets], dtype=float),
            np.array([count for _, _, count in buckets], dtype=np.int64),
        )

    @property
    def total(self) -> int:
        """How many answers there were."""
        return int(self.counted.sum())

    def shares_beyond(self, times_ns: Floats) -> Floats:
        """The share of all answers that took longer than each of these times."""
        upto = np.concatenate(([0], np.cumsum(self.counted)))
        beyond: Floats = 1.0 - upto[np.searchsorted(self.values, times_ns, "right")] / self.total
        return beyond


def tails_of(run: Run) -> Mapping[str, Tail]:
    """The tails of a run by their metric's name, of all for whom a p99 is a figure."""
    return {
        f"{which}.tail{suffix}": Tail.of(histogram)
        for which, suffix, percentiles, histogram in histograms_of(run)
        if "p99" in percentiles and histogram.total >= LEAST["p99"]
    }


def compare(
    name: str,
    before: Sequence[Tail],
    after: Sequence[Tail],
    *,
    first: int,
    confirming: bool = True,
) -> Compared:
    """Compare the pairs (``before[i]``, ``after[i]``) of tails; ``first`` of them were the first
    look, and only with more than these, ``confirming``, is anything called REGRESSED.
    """
    time_ns = _where_it_looks_worst(before[:first], after[:first])
    compared = paired.compare(
        metric_named(name),
        [float(one.shares_beyond(time_ns)[0]) for one in before],
        [float(one.shares_beyond(WORSE_BY * time_ns)[0]) for one in after],
        confirming=confirming and len(before) > first,
    )
    was_s = float(time_ns[0]) / NS_PER_S
    return dataclasses.replace(compared, beyond=(was_s, WORSE_BY * was_s))


def _where_it_looks_worst(before: Sequence[Tail], after: Sequence[Tail]) -> Floats:
    """The one time, in ns, at which the shares differ most for their scatter, which is never less
    than that of a mere count.
    """
    times_ns = _times(before)
    was = np.array([one.shares_beyond(times_ns) for one in before])
    now = np.array([one.shares_beyond(WORSE_BY * times_ns) for one in after])
    middle = (was.mean(axis=0) + now.mean(axis=0)) / 2
    answers = sum(one.total for one in (*before, *after)) / 2
    by_count = np.sqrt(2 * middle * (1 - middle) / answers)
    more = now - was
    error = np.maximum(more.std(axis=0, ddof=1) / math.sqrt(len(more)), by_count)
    so_sure = more.mean(axis=0) / np.where(error > 0, error, np.inf)
    worst = int(np.argmax(so_sure))
    return times_ns[worst : worst + 1]


def _times(before: Sequence[Tail]) -> Floats:
    """From the p99 of all these runs together down to their p90, in steps of what matters."""
    values = np.concatenate([one.values for one in before])
    order = np.argsort(values)
    upto = np.cumsum(np.concatenate([one.counted for one in before])[order])
    low_ns, high_ns = values[order][np.searchsorted(upto, (FROM * upto[-1], TO * upto[-1]))]
    wide = math.log(high_ns / low_ns)
    step = max(math.log(WORSE_BY), wide / MOST_TIMES)
    times: Floats = high_ns * np.exp(-step * np.arange(math.floor(wide / step) + 1))
    return times
