"""The shape of a worked example: how much, how long, how many at once, in what order."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field

from perfstress.example.parts import Count, DurationNs, Name, Part, RateHz, SizeBytes, Text

Arrivals = Literal["poisson", "uniform"]


class Stairs(Part):
    """Levels one after another, ``each`` for the same time: ``from``, ``from`` + ``by`` and so on
    to ``to``, the last one never beyond it. Going down, ``by`` is taken off.
    """

    from_: RateHz | Count = Field(alias="from")
    to: RateHz | Count
    by: RateHz | Count
    each: DurationNs

    @property
    def levels(self) -> list[float]:
        """Every level in order."""
        span = self.to - self.from_
        count = math.ceil(abs(span) / self.by - 1e-9) if self.by else 0
        sign = 1 if span >= 0 else -1
        return [*(self.from_ + sign * self.by * number for number in range(count)), self.to]


class Climb(Part):
    """Levels one after another, each ``factor`` times the one before it, from ``from`` to ``to``,
    the last one never beyond it: until the target breaks, or ``to`` is reached.
    """

    from_: RateHz | Count = Field(alias="from")
    to: RateHz | Count
    factor: Annotated[float, Field(gt=1, le=10)] = 1.25
    each: DurationNs

    @property
    def levels(self) -> list[float]:
        """Every level in order, users rounded to whole ones."""
        if self.from_ <= 0 or self.to <= self.from_:
            return [self.from_, self.to]
        count = math.ceil(math.log(self.to / self.from_) / math.log(self.factor) - 1e-9)
        found = [self.from_ * self.factor**number for number in range(count)]
        if isinstance(self.from_, int):
            found = list(dict.fromkeys(round(level) for level in found))
        return [*(level for level in found if level < self.to), self.to]


class RecordedArrivals(Part):
    """Times at which requests came in production: a committed file with one offset in seconds a
    line, or an access log.
    """

    file: Text
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Stage(Part):
    """A stretch of the schedule: a level (``rate`` or ``users``), a ramp (``from``, ``to``),
    ``steps`` of levels, a ``climb`` until the target breaks, recorded ``arrivals``, or a ``pause``
    in which nothing comes; ``for`` a time, ``ops`` an amount, or ``iterations`` of each user.
    """

    name: Name
    rate: RateHz | None = None
    users: Count | None = None
    from_: RateHz | Count | None = Field(default=None, alias="from")
    to: RateHz | Count | None = None
    steps: Stairs | None = None
    climb: Climb | None = None
    pause: DurationNs | None = None
    for_: DurationNs | None = Field(default=None, alias="for")
    ops: Count | None = None
    iterations: Count | None = None
    arrivals: Arrivals | RecordedArrivals | None = None
    mix: dict[Name, Annotated[float, Field(gt=0)]] | None = None
    warmup: bool = False

    @property
    def recorded(self) -> RecordedArrivals | None:
        """The recorded arrivals, where there are any."""
        return self.arrivals if isinstance(self.arrivals, RecordedArrivals) else None

    @property
    def flat(self) -> list[Stage]:
        """A stage of steps, or a climb, as the stages that it stands for, ``name-1`` and so on; any
        other as it is.
        """
        stairs = self.steps or self.climb
        if stairs is None:
            return [self]
        level = "users" if isinstance(stairs.from_, int) else "rate"
        return [
            self.model_copy(
                update={
                    "name": f"{self.name}-{number}",
                    level: type(stairs.from_)(height),
                    "for_": stairs.each,
                    "steps": None,
                    "climb": None,
                }
            )
            for number, height in enumerate(stairs.levels, 1)
        ]


Magnitude = Annotated[SizeBytes, Field(ge=1, le=1 << 40)]


class Size(Part):
    """The size of the input that a sweep varies: its ``name``, and the ``values`` or the one value
    that they lie ``around``.

    ``text`` is what ``{{ size.text }}`` repeats so often. ``as: place`` gives a function the place
    of the size among the values (0, 1, ...) as the number of each call.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=80)]
    values: Annotated[list[Magnitude], Field(min_length=2, max_length=64)] | None = None
    around: Magnitude | None = None
    text: Annotated[str, Field(min_length=1, max_length=1000)] | None = None
    as_: Literal["value", "place"] = Field(default="value", alias="as")

    @property
    def all(self) -> list[int]:
        """Every size, ascending. Around n these are n - 1, n, n + 1, and the same of its half and
        its double: buffers are doubled, and what does not fit into one often fits into the next.
        """
        if self.around is None:
            return sorted(set(self.values or ()))
        near = (self.around // 2, self.around, self.around * 2)
        return sorted({middle + by for middle in near for by in (-1, 0, 1)} - {-1, 0})


class Shape(Part):
    """How much, how long, how many at once, in what order; by how many ``processes`` of load
    (``auto``: one for each core beside the target), each held on a core with ``pin``.
    ``journeys`` are those that an interaction runs alone and together.
    """

    model: Literal["open", "closed"]
    arrivals: Arrivals = "poisson"
    seed: int
    epochs: Annotated[int, Field(ge=4, le=64, strict=True)] | None = None
    journeys: Annotated[list[Name], Field(min_length=2, max_length=5)] | None = None
    stages: Annotated[list[Stage], Field(min_length=1)]
    max_in_flight: Count = 10_000
    timeout: DurationNs = 30 * 10**9
    processes: Literal["auto"] | Annotated[int, Field(ge=1, le=64, strict=True)] = 1
    pin: bool = False
    size: Size | None = None

    @property
    def flat(self) -> list[Stage]:
        """The stages with all steps taken apart."""
        return [one for stage in self.stages for one in stage.flat]
