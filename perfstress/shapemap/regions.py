"""The regions of a target's map: what of production was visited, and what nobody has visited."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from perfstress.shapemap.habitats import Classes, living
from perfstress.shapemap.positions import DIMENSIONS, Dimension, Shares
from perfstress.shapemap.targets import Stressed

RegionState = Literal["visited", "drafted", "empty"]
Corner = tuple[Dimension, ...]

# Every way to reach production in one dimension or in several at once, the fewest first.
CORNERS: tuple[Corner, ...] = tuple(
    corner for count in (1, 2, 3) for corner in itertools.combinations(DIMENSIONS, count)
)

# What makes a class of defect more worth looking for.
_HUNTED, _CAUGHT = 1.0, 2.0


@dataclass(frozen=True, slots=True)
class Region:
    """Production reached in all dimensions of ``corner`` by one example, in one ``ordering``. Where
    the target's inputs have several sizes, ``size`` says which of them.
    """

    corner: Corner
    ordering: str
    size: str = ""

    def holds(self, shares: Shares) -> bool:
        """Whether a position lies in the region: at or beyond production where it asks for it."""
        return self.ordering in shares.orderings and all(
            shares.reaches(dimension, self.size) for dimension in self.corner
        )

    @property
    def smaller(self) -> list[Region]:
        """The regions that hold this one and ask for one thing less."""
        found = [
            Region(left, self.ordering, self.size if "size" in left else "")
            for drop in self.corner
            if (left := tuple(each for each in self.corner if each != drop))
        ]
        return found if self.ordering == "any" else [*found, Region(self.corner, "any", self.size)]

    @property
    def classes(self) -> Classes:
        """The classes of defect that live here."""
        return living(self.corner, self.ordering)

    def as_json(self) -> dict[str, Any]:
        """The region in the words of ``shapes --json``."""
        named = {"size_name": self.size} if self.size else {}
        return {"at_production": list(self.corner), "ordering": self.ordering, **named}


@dataclass(frozen=True, slots=True)
class Gap:
    """A region of production that no example visits, worth ``score``."""

    target: Stressed
    region: Region
    score: float


def regions_of(target: Stressed) -> list[Region]:
    """The regions that production can reach, as the envelope says: no sizes where none is named."""
    names = list(target.envelope.sizes)
    found: list[Region] = []
    for corner in CORNERS:
        if "size" in corner and not names:
            continue
        which = names if "size" in corner else [""]
        found += [Region(corner, ordering, name) for ordering in target.orderings for name in which]
    return found


def states_of(target: Stressed) -> dict[Region, RegionState]:
    """Each region of a target: really visited, only drafted, or empty."""
    visited = _distinct(shares for each in target.visited.values() for shares in each)
    drafted = _distinct(target.drafted.values())
    states: dict[Region, RegionState] = {}
    for region in regions_of(target):
        if any(region.holds(shares) for shares in visited):
            states[region] = "visited"
        elif any(region.holds(shares) for shares in drafted):
            states[region] = "drafted"
        else:
            states[region] = "empty"
    return states


def _distinct(every: Iterable[Shares]) -> Sequence[Shares]:
    return list({str(shares): shares for shares in every}.values())


def gaps_of(
    target: Stressed, states: Mapping[Region, RegionState], caught: Iterable[str] = ()
) -> list[Gap]:
    """The empty regions to visit next, the most worthwhile first: those of which every region that
    asks for one thing less has an example. ``caught`` are the classes that the ledger knows of.

    The score is the sum over the classes of defect that live there: 1 each, 1 more where an example
    of the target hunts it and 2 more where one was caught before, divided by one more than the
    number of visited regions in which the class lives too.
    """
    seen = Counter(
        each for region, state in states.items() if state == "visited" for each in region.classes
    )
    hunted = {each for one in target.examples for each in one.example.hunts}
    known = set(caught)

    def score(region: Region) -> float:
        return sum(
            (1.0 + _HUNTED * (each in hunted) + _CAUGHT * (each in known)) / (1 + seen[each])
            for each in region.classes
        )

    found = [
        Gap(target, region, round(score(region), 3))
        for region, state in states.items()
        if state == "empty" and all(states.get(one) != "empty" for one in region.smaller)
    ]
    return sorted(found, key=lambda gap: (-gap.score, len(gap.region.corner)))
