"""What each kind of worked example makes of its stages: the table of the kinds.

A kind says which stretches of load a run consists of, in order. Whoever plans, draws and judges
sees stretches alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from perfstress.example import WorkedExample
from perfstress.kinds import stress, sweep, wrap
from perfstress.kinds.interaction import side_by_side
from perfstress.kinds.stretch import Stretch, as_written

STRETCHES: Mapping[str, Callable[[WorkedExample], list[Stretch]]] = {
    "load": as_written,
    "soak": as_written,
    "spike": as_written,
    "sweep": sweep.stretches,
    "wrap": wrap.in_parts,
    "interaction": side_by_side,
    "stress": stress.stretches,
}


def stretches(example: WorkedExample) -> list[Stretch]:
    """The stretches of load that an example comes to, in order."""
    return STRETCHES[example.kind](example)


__all__ = ["STRETCHES", "Stretch", "stretches"]
