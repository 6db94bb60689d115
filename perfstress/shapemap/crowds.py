"""Phases with so many targets of their own that on one map they would hide the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from perfstress.shapemap.regions import Gap, Region, RegionState, gaps_of
from perfstress.shapemap.targets import Stressed

# A collection, such as this project's museum of foreign defects, and no service with its parts.
MANY = 8


def crowds(targets: Sequence[Stressed]) -> dict[str, list[Stressed]]:
    """The targets of each phase that has many which no other phase stresses; none where that is
    all there is to see.
    """
    of: dict[str, list[Stressed]] = {}
    for target in targets:
        if len(target.phases) == 1:
            of.setdefault(target.phases[0], []).append(target)
    many = {phase: those for phase, those in of.items() if len(those) > MANY}
    return {} if any(len(those) == len(targets) for those in many.values()) else many


def ranked(
    targets: Sequence[Stressed],
    states: Mapping[str, Mapping[Region, RegionState]],
    caught: Iterable[str] = (),
) -> list[Gap]:
    """The empty regions of all targets, the most worthwhile first, those of a crowd behind the
    rest; ``states`` by the target's name.
    """
    known = set(caught)
    last = {target.name for those in crowds(targets).values() for target in those}
    found = [gap for target in targets for gap in gaps_of(target, states[target.name], known)]
    return sorted(found, key=lambda gap: (gap.target.name in last, -gap.score, gap.target.name))
