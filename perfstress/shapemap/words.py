"""Regions and figures of the map as people read them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from perfstress.shapemap.positions import REACHED, Envelope, Shares
from perfstress.shapemap.regions import Corner, Region
from perfstress.units import human_count, human_duration

_IN_ORDER = {
    "any": "",
    "shuffled": "in shuffled order",
    "recorded": "as recorded in production",
    "mixed": "with the journeys mixed",
    "burst": "in a burst",
    "faults": "while something fails or clients give up",
}


def production(envelope: Envelope) -> str:
    """The envelope on a line: ``333/s, 1,000 at once, 40 cart_items, 200,000 operations``."""
    work = human_count(round(envelope.operations))
    life = f"{work} operation{'' if work == '1' else 's'}"
    if envelope.counted:
        life += " in one life"
    else:
        life += f" in {human_duration(envelope.horizon_ns / 1e9)} at that rate"
    sizes = [f"{human_count(amount)} {name}" for name, amount in envelope.sizes.items()]
    at_once = f"{human_count(envelope.users)} at once"
    return ", ".join([rate(envelope.rate), at_once, *sizes, life])


def rate(hz: float) -> str:
    """A rate in the period in which it is a plain number: ``333/s``, ``20/day``."""
    if hz >= 1 or hz <= 0:
        return f"{human_count(float(f'{hz:.4g}'))}/s"
    return f"{human_count(float(f'{hz * 86400:.4g}'))}/day"


def corner(of: Corner) -> str:
    """The name of a row of the map."""
    return "all three" if len(of) == 3 else "+".join(of)


def asked(region: Region, envelope: Envelope) -> str:
    """What an example has to do to visit a region: ``20,000 operations (a tenth of a life) in a
    burst``.
    """
    parts = []
    if "duration" in region.corner:
        least = human_count(math.ceil(max(1.0, envelope.operations * REACHED["duration"])))
        parts.append(f"{least} operation{'' if least == '1' else 's'} (a tenth of a life)")
    if "load" in region.corner:
        parts.append(f"{rate(envelope.rate)} or {human_count(envelope.users)} at once")
    if "size" in region.corner:
        amount = envelope.sizes[region.size]
        parts.append(f"an input of {human_count(amount)} {region.size}")
    return " ".join(filter(None, [" with ".join(parts), _IN_ORDER[region.ordering]]))


def share(of: float | None) -> str:
    """A share of production: ``1.2×``, ``0.03×``, or that nobody knows."""
    if of is None:
        return "?"
    return f"{of:.2g}×" if of < 1000 else f"{human_count(round(of))}×"


def shares(of: Shares) -> str:
    """A position on a line: ``size 1×, duration 0.03×, load 1×``."""
    told = [f"size {share(of.of('size'))}"] if of.sizes else []
    return ", ".join([*told, f"duration {share(of.duration)}", f"load {share(of.load)}"])


def classes(every: Sequence[str], most: int = 4) -> str:
    """The first of them, and how many there are besides."""
    shown = ", ".join(every[:most])
    return shown if len(every) <= most else f"{shown} and {len(every) - most} more"
