"""Which of many gauges grow, when among hundreds some seem to by chance."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import numpy as np

from perfstress.detectors.growth.assessment import Growth

FALSE_DISCOVERIES = 0.05


def discoveries(judged: Mapping[str, Growth]) -> frozenset[str]:
    """One name for each family of series whose growth stands out from what chance brings.

    The label sets of a family are one hypothesis (Simes), the families together are held to a
    false-discovery rate of 5 % (Benjamini and Hochberg, JRSS B 57, 1995, 289). What is ranked is
    the weight against growth, which plays the part of a p-value.
    """
    families: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for name, growth in judged.items():
        against = 1.0 if growth.label is None else 1.0 - growth.certainty
        families[name.partition("{")[0]].append((against, name))
    ranked = []
    for members in families.values():
        members.sort()
        count = len(members)
        simes = min(against * count / (at + 1) for at, (against, _) in enumerate(members))
        ranked.append((simes, members[0][1]))
    ranked.sort()
    values = np.array([value for value, _ in ranked])
    allowed = FALSE_DISCOVERIES * np.arange(1, len(ranked) + 1) / max(1, len(ranked))
    passed = np.flatnonzero(values <= allowed)
    kept = int(passed[-1]) + 1 if len(passed) else 0
    return frozenset(name for _, name in ranked[:kept])
