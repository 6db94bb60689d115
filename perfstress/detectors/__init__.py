"""What can be found in a run: the table of the detectors, in the order in which they are told."""

from __future__ import annotations

from collections.abc import Mapping

from perfstress.detectors import (
    amplification,
    burdens,
    capacity,
    counters,
    drift,
    exits,
    faults,
    growth,
    interaction,
    invariants,
    objectives,
    recovery,
    sequences,
    sizes,
)
from perfstress.protocols import Detector

DETECTORS: Mapping[str, Detector] = {
    "exits": exits.detect,
    "growth": growth.detect,
    "counters": counters.detect,
    "sequences": sequences.detect,
    "drift": drift.detect,
    "amplification": amplification.detect,
    "capacity": capacity.detect,
    "recovery": recovery.detect,
    "faults": faults.detect,
    "sizes": sizes.detect,
    "burdens": burdens.detect,
    "interaction": interaction.detect,
    "objectives": objectives.detect,
    "invariants": invariants.detect,
}
