"""The rest of a run as it is planned now, and what is to be written down about a change of plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from perfstress.plan import Epoch


@dataclass(frozen=True, slots=True)
class Course:
    """The ``epochs`` still to come (their indices are set by whoever carries them out), and the
    ``events`` to be written: name and facts.
    """

    epochs: tuple[Epoch, ...]
    events: tuple[tuple[str, Mapping[str, Any]], ...] = ()
