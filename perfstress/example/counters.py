"""The counters of a worked example: numbers with an edge, and how they are set close to it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from perfstress.example.parts import Count, Name, Part, Text


class Answer(Part):
    """A number in what the target answers: ``get`` a path or an address, ``value`` a JMESPath."""

    get: Text
    value: Text


class Preset(Part):
    """How a counter is set near its edge, exactly one of: ``setup`` hands numbers to the hosted
    function's setup, ``env`` sets variables, ``run`` is a command and ``post`` a request (``json``
    its body), both when the target is ready and before any load.
    """

    setup: dict[Name, int] | None = None
    env: dict[str, str] | None = None
    run: Annotated[list[Text], Field(min_length=1)] | None = None
    post: Text | None = None
    json_: Any = Field(default=None, alias="json")


class Counter(Part):
    """A number that rises with the work and has an edge: the first value that does not fit.

    ``bits: 16`` has its edge at 65,536, ``edge`` says it outright. ``from`` is ``state.NAME``,
    ``gauge:NAME``, ``counter:NAME``, a Prometheus series, ``ops`` or ``ops.JOURNEY`` (what was
    done is the number, counted from ``start``), or an answer of the target. ``wraps`` says that it
    is meant to begin again.
    """

    name: Name
    from_: Text | Answer = Field(alias="from")
    bits: Annotated[int, Field(ge=2, le=64, strict=True)] | None = None
    edge: Count | None = None
    start: Annotated[int, Field(ge=0, strict=True)] = 0
    wraps: bool = False
    preset: Preset | None = None

    @property
    def at(self) -> int:
        """The first value that does not fit."""
        return self.edge if self.edge is not None else 2 ** (self.bits or 64)

    def reads(self, metric: str) -> bool:
        """Whether the metric of this name in a run is this counter."""
        if isinstance(self.from_, Answer):
            return metric == f"answer:{self.name}"
        if self.from_.startswith("state."):
            return metric == f"gauge:{self.from_}"
        if self.from_.startswith(("gauge:", "counter:")):
            return metric == self.from_
        kind, _, series = metric.partition(":")
        return kind in ("gauge", "counter") and self.from_ in (series, series.partition("{")[0])

    @property
    def journey(self) -> str | None:
        """The journey whose operations are the number, empty for all of them; None where the
        number is read.
        """
        head, _, journey = str(self.from_).partition(".")
        return journey if head == "ops" else None

    @property
    def answers(self) -> Answer | None:
        """The answer that the number is read from, where it is."""
        return self.from_ if isinstance(self.from_, Answer) else None
