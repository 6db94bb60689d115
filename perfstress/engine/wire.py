"""Events as plain data, one JSON object a line: what a process of load tells the session's."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from perfstress.measurement import Interval
from perfstress.protocols import (
    BlockDone,
    DriverEvent,
    EpochBegan,
    EpochDone,
    Lost,
    Progress,
)

_KINDS: dict[str, type[DriverEvent]] = {
    "interval": Interval,
    "progress": Progress,
    "began": EpochBegan,
    "sent": EpochDone,
    "over": BlockDone,
    "lost": Lost,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


def to_data(event: DriverEvent) -> dict[str, Any]:
    """Plain data, the inverse of ``from_data``."""
    return {"is": _NAMES[type(event)], **dataclasses.asdict(event)}


def from_data(data: Mapping[str, Any]) -> DriverEvent:
    """The event that ``to_data`` wrote."""
    fields = dict(data)
    return _KINDS[fields.pop("is")](**fields)
