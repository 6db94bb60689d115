"""What a recording gives to a draft: requests, rates, and where the figures come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from perfstress.errors import UsageError


@dataclass(frozen=True, slots=True)
class RecordedStep:
    """One request; ``method`` in small letters, ``path`` with its query, secrets taken out.

    ``think`` is a pause before it, ``capture`` maps names to JMESPath on its answer, and ``status``
    is what was answered, where that is known; ``note`` is a line to the author.
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    body: str | None = None
    form: Mapping[str, str] | None = None
    capture: Mapping[str, str] = field(default_factory=dict)
    status: int | None = None
    think: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class RecordedJourney:
    """Requests that one user sends, and how often that was seen; ``headers`` go with each.

    ``ids`` are rows of identifiers that were seen in its paths, where these have ``numbered`` marks
    in their place.
    """

    name: str
    weight: int
    steps: tuple[RecordedStep, ...]
    headers: Mapping[str, str] = field(default_factory=dict)
    ids: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class BodySizes:
    """How large the bodies of requests were, in bytes."""

    p50: int
    p99: int
    largest: int


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recording read. ``peak_hz`` and ``steady_hz`` (journeys a second), ``seconds``,
    ``concurrency`` (requests under way at once), ``bodies`` and ``p99_s`` (of the response times)
    are None where it does not hold them. ``learnt`` are values from secret places of what is not
    part of a journey, with the variables that stand for them. ``rows`` is a data set of the
    identifiers that the paths draw from, a row for each user.
    """

    journeys: tuple[RecordedJourney, ...]
    source: str
    peak_hz: float | None = None
    steady_hz: float | None = None
    notes: tuple[str, ...] = ()
    seconds: float | None = None
    concurrency: int | None = None
    bodies: BodySizes | None = None
    p99_s: float | None = None
    rows: tuple[Mapping[str, str], ...] = ()
    learnt: Mapping[str, str] = field(default_factory=dict, repr=False)


def bad_recording(message: str, hint: str = "") -> UsageError:
    """The one error of what cannot be read as the recording that it is said to be."""
    return UsageError(message, hint=hint, slug="bad-recording")
