"""How long operations wait for something else than a CPU, beside what they take at all.

What a lock or a sleep costs needs no CPU time, and on a busy machine its share of the throughput is
less than the neighbours'. The time that is neither computed nor spent in the run queue has nearly
none of their noise. More of it is worse only where operations take longer by it: who computes less
and waits for the answer of somebody else instead may have gained.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np

from perfstress.comparing import paired
from perfstress.comparing.compared import Compared
from perfstress.comparing.metrics import metric_named

WAITING, TIME = "waiting.per_op", "time.per_op"


def compare(
    before: Sequence[float],
    after: Sequence[float],
    time_before: Sequence[float],
    time_after: Sequence[float],
    *,
    confirming: bool = False,
) -> Compared:
    """Compare the waiting of pairs of runs, whose operations took ``time_before`` and
    ``time_after`` (s/op each, without the time in the run queue).

    What matters is the share of the older commit's time that matters for the time itself, and
    nothing is REGRESSED where the time did not become longer by that.
    """
    metric = metric_named(WAITING)
    share = metric.smallest
    metric = dataclasses.replace(metric, smallest=share * float(np.median(time_before)))
    compared = paired.compare(metric, before, after, confirming=confirming)
    longer = float(np.median(np.log(time_after) - np.log(time_before)))
    if compared.is_worse and longer < math.log1p(share):
        why = "more is waited for, and an operation takes no longer for it"
        return dataclasses.replace(compared, status="UNKNOWN", why=why)
    return compared
