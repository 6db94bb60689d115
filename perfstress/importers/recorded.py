"""What a recording gives to a draft: requests, rates, and where the figures come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class RecordedStep:
    """One request; ``method`` in small letters, ``path`` with its query, secrets taken out."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    body: str | None = None


@dataclass(frozen=True, slots=True)
class RecordedJourney:
    """Requests that one user sends, and how often that was seen."""

    name: str
    weight: int
    steps: tuple[RecordedStep, ...]


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recording read: ``peak_hz`` and ``steady_hz`` are None where it holds no times."""

    journeys: tuple[RecordedJourney, ...]
    source: str
    peak_hz: float | None = None
    steady_hz: float | None = None
    notes: tuple[str, ...] = ()
