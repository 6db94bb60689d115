"""Growth that slows down for ever and reaches the limit within the horizon all the same."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from perfstress.laws import AT_LATE_ROOT, LAWS, Kind, ahead, slows_down
from perfstress.weighing import Weighed

Chosen = NDArray[np.bool_]

# By its own law, and with the lower end of its slope (99 %, one side), it has to go this many times
# as far as to the limit: what fits the run need not hold for a thousand of its lengths.
MARGIN = 2.0
Z_99 = 2.326
FAR = 1e15  # lengths of the run
HALVINGS = 40


def reaching(weighed: Weighed, room: float, runs: float) -> Chosen:
    """Which entries are laws that slow down, so that the run alone cannot tell them from standing
    still later on, but that use up the ``room`` to the limit in so many ``runs`` more.

    What is open for another reason, because it swings or began too late, is none of them; nor is a
    root from a point on, which has no logarithm from a point on beside it to be weighed against.
    """
    slows = slows_down(weighed.column) & (weighed.column < AT_LATE_ROOT)
    slows |= weighed.law == LAWS.index("warm-up, then linear")
    slows &= weighed.kind == Kind.OPEN
    least = weighed.slope - Z_99 * weighed.sd
    reach: Chosen = slows & (least * ahead(weighed.column, runs) >= MARGIN * max(room, 0.0))
    return reach & (least > 0)


def flat(weighed: Weighed, critical: float) -> Chosen:
    """Which entries are laws that slow down and are too flat at the end of the run to matter: even
    the upper end of the slope (99 %, one side) stays at or below the ``critical`` growth in one
    run, and what slows down will never be steeper.
    """
    slows = slows_down(weighed.column) & (weighed.kind == Kind.OPEN)
    harmless: Chosen = slows & (weighed.slope + Z_99 * weighed.sd <= critical)
    return harmless


def runs_until(weighed: Weighed, reach: Chosen, room: float, slope: float) -> float:
    """How many lengths of the run until the ``room`` is used up, by the heaviest law that grows or
    is among those that ``reach``: at this ``slope`` at the end of the run if it goes straight on,
    later if it slows down. Infinite where it never is.
    """
    if room <= 0:
        return 0.0
    if slope <= 0:
        return math.inf
    grows = np.flatnonzero((weighed.kind == Kind.GROWING) | reach)
    if not len(grows):
        return room / slope
    heaviest = grows[[int(np.argmax(weighed.weight[grows]))]]
    column, wanted = weighed.column[heaviest], room / slope
    if not slows_down(column)[0]:
        return wanted
    low, high = wanted, 2 * wanted  # nothing is there before what goes straight on
    while float(ahead(column, high)[0]) < wanted * (1 - 1e-12):
        low, high = high, 2 * high
        if high > FAR:
            return math.inf
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if ahead(column, middle)[0] < wanted else (low, middle)
    return high
