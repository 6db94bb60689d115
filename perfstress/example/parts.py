"""What the parts of a worked example are made of: the frozen model and its scalar types."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from perfstress.units import parse_duration, parse_rate, parse_size

DurationNs = Annotated[
    int,
    BeforeValidator(parse_duration),
    WithJsonSchema({"type": "string", "description": "a duration: 250ms, 30s, 5m, 1h30m, 14d"}),
]
SizeBytes = Annotated[
    int,
    BeforeValidator(parse_size),
    WithJsonSchema({"type": ["string", "integer"], "description": "a size: 64KiB, 10MB, 1GiB"}),
]
RateHz = Annotated[
    float,
    BeforeValidator(parse_rate),
    WithJsonSchema({"type": "string", "description": "a rate: 50/s, 3000/m, 2M/day"}),
]
HttpVersion = Annotated[
    Literal["1.1", "2", "3"],
    BeforeValidator(lambda given: str(given) if type(given) in (int, float) else given),
    WithJsonSchema({"enum": ["1.1", "2", "3", 1.1, 2, 3]}),
]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=80)]
Text = Annotated[str, Field(min_length=1)]
Count = Annotated[int, Field(ge=1, strict=True)]


class Part(BaseModel):
    """A part of the document: frozen, unknown keys are errors, no value is converted behind the
    author's back.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False)
