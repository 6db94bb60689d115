"""Names that are not there: which of those that are may have been meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str], *, like: float = 0.6) -> str | None:
    """The known name that is spelt most like this one, None when none is.

    ``like`` is how much of both has to be the same: 1 for all of it, 0 for nothing.
    """
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=like)
    return found[0] if found else None


def meant(name: str, known: Iterable[str], *, like: float = 0.6) -> str:
    """The question for a hint, ``did you mean 'x'?``; empty when no known name is near."""
    near = nearest(name, known, like=like)
    return f"did you mean {near!r}?" if near is not None else ""
