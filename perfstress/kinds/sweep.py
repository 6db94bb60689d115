"""A sweep: the same operation at every size, so that what it costs can be told against the size."""

from __future__ import annotations

from collections.abc import Iterator

from perfstress.example import Stage, WorkedExample
from perfstress.kinds.stretch import Stretch
from perfstress.units import NS_PER_S

# Every size is visited twice, the second time after all the others: what became slower with time
# then shows as two different costs of one size, and not as a cost of the larger ones.
PASSES = 2
# A size gets no more time than this where the stage does not say for: a defect that makes the
# largest size a thousand times dearer must end in minutes all the same.
BUDGET_NS = 10 * NS_PER_S


def stretches(example: WorkedExample) -> list[Stretch]:
    """Warm-up at the smallest size, then each stage at every size, in ascending order, twice."""
    size = example.shape.size
    assert size is not None, "lint has seen to it"
    found: list[Stretch] = []
    for stage in example.shape.stages:
        if stage.warmup:
            found.append(Stretch(stage, stage.name, size.all[0]))
            continue
        for part in _passes(stage):
            found += [at(part, stage.name, value) for value in size.all]
    return found


def at(stage: Stage, part_of: str, size: int) -> Stretch:
    """The stretch of a stage at one size, named after both."""
    return Stretch(stage.model_copy(update={"name": f"{part_of}-{size}"}), part_of, size)


def _passes(stage: Stage) -> Iterator[Stage]:
    """A stage in parts of about the same work; a single operation cannot be parted."""
    ops = stage.ops
    passes = PASSES if ops is None or ops >= PASSES else 1
    for number in range(passes):
        share = None if ops is None else ops // passes + (number < ops % passes)
        lasts_ns = (stage.for_ or BUDGET_NS) // passes
        yield stage.model_copy(update={"ops": share, "for_": lasts_ns})
