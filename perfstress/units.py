"""What people write and machines keep: durations, sizes, rates and shares, parsed and formatted.

Parsers take the text of a worked example and return plain numbers whose names carry the unit;
formatters are their inverse: ``parse_x(format_x(v)) == v`` for every value a parser can return.
"""

from __future__ import annotations

import math
import re

NS_PER_S = 1_000_000_000

_DURATION_NS = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "ms": 1_000_000,
    "s": NS_PER_S,
    "m": 60 * NS_PER_S,
    "h": 3_600 * NS_PER_S,
    "d": 86_400 * NS_PER_S,
}
_SIZE_BYTES = {
    "b": 1,
    "kb": 10**3,
    "mb": 10**6,
    "gb": 10**9,
    "tb": 10**12,
    "kib": 2**10,
    "mib": 2**20,
    "gib": 2**30,
    "tib": 2**40,
}
_PERIOD_S = {
    "s": 1.0,
    "m": 60.0,
    "min": 60.0,
    "h": 3_600.0,
    "hour": 3_600.0,
    "day": 86_400.0,
    "d": 86_400.0,
}
_MULTIPLE = {"": 1.0, "k": 1e3, "m": 1e6, "g": 1e9}

# What 64 bits hold: nanoseconds of 292 years, 8 EiB.
_TOO_LARGE = 2.0**63

_NUMBER = r"(\d+(?:_\d+)*(?:\.\d+)?(?:[eE][+-]?\d+)?)"
_DURATION_PART = re.compile(_NUMBER + r"\s*(ns|us|µs|ms|s|m|h|d)")
_SIZE = re.compile(_NUMBER + r"\s*([kKmMgGtT]?i?[bB])$")
_RATE = re.compile(_NUMBER + r"\s*([kKmMgG]?)\s*/\s*([a-z]+)$")


def _whole(value: float, text: object, noun: str) -> int:
    if value >= _TOO_LARGE:
        most = "292 years" if noun == "duration" else "8 EiB"
        raise ValueError(f"{_quoted(text)} is not a {noun}; write less than {most}")
    return round(value)


def _quoted(text: object) -> str:
    """What was written, as it stands; the middle of what is very long is left out."""
    whole = repr(text)
    return whole if len(whole) <= 80 else f"{whole[:50]}…{whole[-20:]}"


def parse_duration(text: object) -> int:
    """Nanoseconds of ``250ms``, ``30s``, ``1h30m``, ``14d``; raises ValueError saying what would be
    right.
    """
    if isinstance(text, str):
        at, total = 0, 0.0
        stripped = text.strip()
        for part in _DURATION_PART.finditer(stripped):
            if part.start() != at:
                break
            total += float(part[1].replace("_", "")) * _DURATION_NS[part[2]]
            at = part.end()
        if stripped and at == len(stripped):
            return _whole(total, text, "duration")
    raise ValueError(
        f"{_quoted(text)} is not a duration; write one such as 250ms, 30s, 5m, 1h30m or 14d"
    )


def format_duration(ns: int) -> str:
    """The shortest exact text: ``1h30m``, ``250ms``, ``1ns``; zero is ``0s``."""
    if ns == 0:
        return "0s"
    parts, rest = [], ns
    for unit in ("d", "h", "m", "s", "ms", "us", "ns"):
        count, rest = divmod(rest, _DURATION_NS[unit])
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts)


def parse_size(text: object) -> int:
    """Bytes of ``64KiB`` (65,536) or ``10MB`` (10,000,000); a bare whole number is bytes."""
    if isinstance(text, int) and not isinstance(text, bool) and text >= 0:
        return text
    if isinstance(text, str) and (match := _SIZE.match(text.strip())):
        size_bytes = float(match[1].replace("_", "")) * _SIZE_BYTES[match[2].lower()]
        return _whole(size_bytes, text, "size")
    raise ValueError(f"{_quoted(text)} is not a size; write one such as 512B, 64KiB, 10MB or 1GiB")


def format_size(size_bytes: int) -> str:
    """The largest binary unit that divides exactly, else bytes: ``64KiB``, ``1000B``."""
    for unit, factor in (("TiB", 2**40), ("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if size_bytes and size_bytes % factor == 0:
            return f"{size_bytes // factor}{unit}"
    return f"{size_bytes}B"


def parse_rate(text: object) -> float:
    """Operations per second (Hz) of ``333/s``, ``50/m``, ``2M/day``."""
    if isinstance(text, str) and (match := _RATE.match(text.strip())) and match[3] in _PERIOD_S:
        hz = float(match[1].replace("_", "")) * _MULTIPLE[match[2].lower()] / _PERIOD_S[match[3]]
        if math.isinf(hz):
            raise ValueError(f"{_quoted(text)} is not a rate; write fewer operations per time")
        return hz
    raise ValueError(
        f"{_quoted(text)} is not a rate; write operations per time such as 50/s, 3000/m or 2M/day"
    )


def parse_throughput(text: object) -> int:
    """Bytes per second of ``64KiB/s``; a bare number is no throughput."""
    if isinstance(text, str) and text.strip().endswith("/s"):
        try:
            if size_bytes := parse_size(text.strip()[:-2]):
                return size_bytes
        except ValueError:
            pass
    raise ValueError(f"{_quoted(text)} is not a rate; write bytes a second such as 64KiB/s")


def format_rate(hz: float) -> str:
    """Text that parses back to exactly the same rate, in operations a second."""
    return f"{int(hz)}/s" if hz == int(hz) else f"{hz!r}/s"


def parse_share(text: object) -> float:
    """A fraction of one: ``0.1%`` is 0.001; a number between 0 and 1 is taken as it stands."""
    if isinstance(text, str) and (match := re.match(_NUMBER + r"\s*%$", text.strip())):
        return float(match[1]) / 100
    if isinstance(text, int | float) and not isinstance(text, bool) and 0 <= text <= 1:
        return float(text)
    raise ValueError(f"{_quoted(text)} is not a share; write a percentage such as 0.1%")


def human_bytes(amount: float) -> str:
    """For reading, three figures: ``1.25 KiB``, ``-3.1 MiB``, ``512 B``."""
    value, sign = abs(amount), "-" if amount < 0 else ""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024 or unit == "GiB":
            return f"{sign}{value:.3g} {unit}" if value < 1000 else f"{sign}{value:.0f} {unit}"
        value /= 1024
    raise AssertionError("unreachable")


def human_duration(seconds: float) -> str:
    """For reading, three figures: ``3.2 s``, ``26 min``, ``12.5 days``, ``4 years``."""
    if seconds < 90:
        seconds = float(f"{seconds:.3g}")  # before the unit is chosen: 999.9 µs are 1 ms
    if seconds < 1e-3:
        return f"{seconds * 1e6:.3g} µs"
    if seconds < 1:
        return f"{seconds * 1e3:.3g} ms"
    for unit, size, upto in (
        ("s", 1, 90),
        ("min", 60, 5400),
        ("hours", 3600, 172_800),
        ("days", 86_400, 63e6),
    ):
        if seconds < upto:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 31_557_600:.3g} years"


def human_count(amount: float) -> str:
    """For reading: ``1,040``, ``0.0004``, ``2.5 M``."""
    if abs(amount) >= 1e6:
        return f"{amount / 1e6:.3g} M"
    if amount == int(amount):
        return f"{int(amount):,}"
    return f"{amount:.3g}" if abs(amount) < 1000 else f"{amount:,.0f}"
