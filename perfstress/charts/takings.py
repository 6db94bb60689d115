"""What an operation of each size takes besides time: CPU time, memory, and the work of services."""

from __future__ import annotations

from dataclasses import dataclass

from perfstress.charts.sheet import Curves, Dot, Sheet, Tick
from perfstress.run import Run
from perfstress.sizing import Burden, amount_of, assessed_steps, burdens, is_worth_it

# What a drawing of each is called; the rest goes by its own name.
TITLES = {"cpu": "CPU time", "memory": "Memory held", "commands": "Redis commands"}


@dataclass(frozen=True, slots=True)
class Taking:
    """What the SVG of one resource needs."""

    name: str
    axis: str
    curves: Curves
    dots: tuple[Dot, ...]
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]

    @property
    def breaks(self) -> bool:
        """Only sizes that go well are known here."""
        return False


def takings(run: Run) -> list[Taking]:
    """A drawing for each resource that is known at two sizes at least, if the operations have one
    step: what the whole operation took belongs to no one of several.
    """
    size = run.example.shape.size
    if size is None or len(assessed_steps(run)) != 1:
        return []
    known = [one for one in burdens(run).values() if len(one.levels) > 1 and is_worth_it(one)]
    return [_drawn(one, size.name) for one in known]


def _drawn(one: Burden, axis: str) -> Taking:
    # Below its grain a value is as good as none, and a logarithm has no place for that.
    shown = [max(level.value, one.grain) for level in one.levels]
    sheet = Sheet.around((float(level.size) for level in one.levels), shown)
    return Taking(
        name=TITLES.get(one.name, one.name.capitalize()),
        axis=axis,
        curves=sheet.curves(one.assessed(), one.grain),
        dots=tuple(
            Dot(
                sheet.x(level.size),
                sheet.y(value),
                True,
                f"{level.size:,}: {_said(one, level.value)}",
            )
            for level, value in zip(one.levels, shown, strict=True)
        ),
        across=sheet.across(),
        up=sheet.up(lambda value: _figure(one, value)),
    )


def _said(one: Burden, value: float) -> str:
    return amount_of(one, value) or "next to nothing"


def _figure(one: Burden, value: float) -> str:
    """The amount without its noun."""
    return (amount_of(one, value) or "0").rpartition(" ")[0]
