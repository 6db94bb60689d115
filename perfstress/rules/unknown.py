"""What an example names and what is not there, as all rules say it."""

from __future__ import annotations

from collections.abc import Iterable

from perfstress.places import Complaint, Place, dotted
from perfstress.spelling import meant


def unknown(
    place: Place,
    name: str,
    what: str,
    known: Iterable[str],
    *,
    offset: int | None = None,
    at_key: bool = False,
) -> Complaint:
    """There is no ``what`` of this name; the hint has the nearest one, and all that there are."""
    names = list(known)
    there = f"there is {', '.join(names)}" if names else f"no {what} has a name"
    hint = f"{meant(name, names)} {there}".lstrip()
    message = f"{dotted(place)}: there is no {what} {name!r}"
    return Complaint(place, "unknown-name", message, hint, at_key=at_key, offset=offset)
