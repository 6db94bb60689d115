"""Where one run lies on the map, against the production envelope of its own example."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from perfstress.example import WorkedExample
from perfstress.plan import highest_level
from perfstress.run import Run
from perfstress.shapemap import words
from perfstress.shapemap.orderings import ORDERINGS, orderings_of
from perfstress.shapemap.picture import Mark, Picture, pictured
from perfstress.shapemap.positions import DIMENSIONS, Dimension, Reach, envelope_of, shares_of


@dataclass(frozen=True, slots=True)
class Lying:
    """A run's place: the picture of its axes, production in words, what of it was reached at once,
    and in which orderings.
    """

    picture: Picture
    production: str
    reached: tuple[str, ...]
    missed: tuple[str, ...]
    orderings: tuple[str, ...]


def lying_of(run: Run, operations: int) -> Lying:
    """The place of a run that did so many operations; a pure function of the run.

    Sizes of data files are not in a run directory: one that ``lint`` held to production, which is
    any that is not waived, is taken to be production's.
    """
    example = run.example
    envelope = envelope_of({example.name: example})
    level = highest_level(run.work_epochs) if run.work_epochs else None
    is_open = example.shape.model == "open"
    shares = shares_of(
        Reach(
            rate=level if is_open else None,
            users=None if is_open else level,
            operations=float(operations),
            sizes={name: _size(run, name) for name in example.production.size},
            orderings=orderings_of(example),
        ),
        envelope,
    )
    axes: list[tuple[Dimension, str]] = [("size", name) for name in envelope.sizes]
    axes += [("duration", ""), ("load", "")]
    held = [dimension for dimension in DIMENSIONS if shares.reaches(dimension)]
    there: Sequence[Dimension] = [one for one in DIMENSIONS if one != "size" or envelope.sizes]
    return Lying(
        pictured([Mark("this run", "", True, shares)], axes),
        words.production(envelope),
        tuple(held),
        tuple(f"{one} {words.share(shares.of(one))}" for one in there if one not in held),
        tuple(one for one in ORDERINGS if one in shares.orderings and one != "any"),
    )


def _size(run: Run, name: str) -> float | None:
    example: WorkedExample = run.example
    swept = [epoch.size for epoch in run.work_epochs if epoch.size is not None]
    if swept and example.shape.size is not None and example.shape.size.name == name:
        return float(max(swept))
    if example.workload.calls is not None:
        given = example.workload.calls.size.get(name)
        return None if given is None else float(given)
    return None if "size" in example.production.waive else float(example.production.size[name])
