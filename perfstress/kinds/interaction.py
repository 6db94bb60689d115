"""Interaction: each journey alone, then all together at the same rates, and the same once more in
the opposite order.

What warms up, ages or grows during the run moves the first round and the second in opposite
directions, so that it cannot look like something that the journeys do to each other.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

from perfstress.example import Stage, WorkedExample
from perfstress.kinds.stretch import Stretch

ROUNDS = 2
# With three journeys or more each pair comes, too; their number goes with the square.
MOST_JOURNEYS = 5
Group = tuple[str, ...]


def side_by_side(example: WorkedExample) -> list[Stretch]:
    """``alone-a``, ``together``, ``alone-b`` for each stage that is judged, then back again.

    Each of them lasts half of the stage's time in each of the two rounds. With three or more
    journeys each pair has its stretch, ``a-with-b``, before ``together``. A
    warm-up is all journeys together; a pause stays as it is.
    """
    names = tuple(example.shape.journeys or ())
    judged = [stage for stage in example.shape.stages if not (stage.warmup or stage.pause)]
    found: list[Stretch] = []
    for stage in example.shape.stages:
        if stage.pause is not None:
            found.append(Stretch(stage, part_of=stage.name))
        elif stage.warmup:
            found.append(_stretch(example, stage, names, stage.name, stage.for_ or 0))
        else:
            found += _rounds(example, stage, names, f"{stage.name}-" if len(judged) > 1 else "")
    return found


def groups(names: Sequence[str]) -> list[Group]:
    """Which journeys come at once, in the order of the first round: each alone, each pair where
    there are more than two, all. Those at once stand in the middle: where one round ends and the
    next begins, one spell of a busy machine must not meet them in both.
    """
    first, *others = ((name,) for name in names)
    found: list[Group] = [first]
    if len(names) > 2:
        found += itertools.combinations(names, 2)
    return [*found, tuple(names), *others]


def called(group: Group, names: Sequence[str]) -> str:
    """What the stretch of these journeys is called."""
    if len(group) == 1:
        return f"alone-{group[0]}"
    return "together" if len(group) == len(names) else f"{group[0]}-with-{group[1]}"


def _rounds(
    example: WorkedExample, stage: Stage, names: Sequence[str], prefix: str
) -> list[Stretch]:
    order = groups(names)
    lasts_ns = max(1, (stage.for_ or 0) // ROUNDS)
    return [
        _stretch(example, stage, group, f"{prefix}{called(group, names)}-{number}", lasts_ns)
        for number in range(1, ROUNDS + 1)
        for group in (order if number % 2 else reversed(order))
    ]


def _stretch(
    example: WorkedExample, stage: Stage, group: Sequence[str], name: str, lasts_ns: int
) -> Stretch:
    own, weights = _rates(example)
    dealt = {journey: weights[journey] for journey in group if journey in weights}
    share = sum(dealt.values()) / sum(weights.values()) if dealt else 0.0
    level = {"rate": (stage.rate or 0.0) * share, "for_": lasts_ns, "mix": dealt or None}
    return Stretch(
        stage.model_copy(update={"name": name, **level}),
        part_of=stage.name,
        own={journey: own[journey] for journey in group if journey in own},
    )


def _rates(example: WorkedExample) -> tuple[Mapping[str, float], Mapping[str, float]]:
    """The journeys with a rate of their own, and the weights of those that share the stage's."""
    http, talks = example.workload.http, example.workload.talks
    own: dict[str, float] = {}
    weights: dict[str, float] = {}
    for name in example.shape.journeys or ():
        if http is not None and name in http.journeys:
            if (rate := http.journeys[name].rate) is not None:
                own[name] = rate
            else:
                weights[name] = http.journeys[name].weight
        elif talks is not None and name in talks.journeys:
            weights[name] = talks.journeys[name].weight
    return own, weights
