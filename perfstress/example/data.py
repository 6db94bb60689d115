"""Rows for the journeys of any workload, as an example declares them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from perfstress.example.parts import Part, Text


class Data(Part):
    """Rows for the journeys: a committed file with its checksum, drawn in a seeded order, starting
    over at the end; ``per-user`` gives each user one row for the whole run.
    """

    file: Text
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    order: Literal["sequential", "shuffled", "per-user"] = "sequential"
    seed: int | None = None
    measure: dict[str, Text] = {}
