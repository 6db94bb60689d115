"""Functions whose cost depends on the size of their input, and the same mended."""

from __future__ import annotations

made: dict[str, int] = {}


def setup(lines: int) -> None:
    """Have an input of so many lines ready."""
    made["lines"] = lines


def square(i: int) -> int:
    """A sum that looks at every pair of a few lines: four times the work for twice the lines."""
    lines = made["lines"]
    return sum(range(lines * lines // 400))


def straight(i: int) -> int:
    """Looks at every line."""
    return sum(range(10 * made["lines"]))


def squared(i: int, lines: int) -> int:
    """As ``square``, the size being handed to each call."""
    return sum(range(lines * lines // 400))


def pairs(i: int, lines: int) -> int:
    """Holds a byte for every pair of lines: four times the memory for twice the lines."""
    return len(b"x" * (lines * lines))


def copies(i: int, lines: int) -> int:
    """Holds 10 kB for every line, and computes next to nothing."""
    return len(b"x" * (lines * 10_000))


kept: list[bytes] = []


def keeps(i: int, lines: int) -> int:
    """Keeps a copy of each line for ever."""
    kept.append(b"x" * (lines * 100))
    return len(kept)


def sorting(i: int, lines: int) -> list[int]:
    """n log n: sorts lines that are in no order."""
    return sorted((line * 7919) % 100_003 for line in range(lines))


PLACES = (200, 800, 3200, 12_800)


def by_place(i: int) -> int:
    """The size is the place that the call's number says."""
    lines = PLACES[i]
    return sum(range(lines * lines // 200))


def straight_by_place(i: int) -> int:
    """The same mended."""
    return sum(range(10 * PLACES[i]))


def breaks_from(i: int, size: int) -> None:
    """A buffer that ends: nothing longer than 5,000 goes through it."""
    if size > 5_000:
        raise ValueError(f"{size} does not fit")


def breaks_at(i: int, size: int) -> None:
    """One length is taken for something else."""
    if size == 65_536:
        raise ValueError("taken for the end")


def flaky(i: int, size: int) -> None:
    """Fails now and then, whatever the size."""
    if i % 4 == 0:
        raise ValueError("now and then")


def fits(i: int, size: int) -> None:
    """Any size is right."""
