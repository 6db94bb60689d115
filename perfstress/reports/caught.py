"""The ledger for a browser: one page that needs no network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from perfstress.reports.rendering import render


@dataclass(frozen=True, slots=True)
class Told:
    """One catch in words: ``facts`` are pairs of a name and what there is to say."""

    kind: str
    label: str
    resource: str
    example: str
    summary: str
    mended: bool
    facts: Sequence[tuple[str, str]]


def page(summary: str, catches: Sequence[Told]) -> str:
    """The page: how often each class was caught, then each catch, the newest first."""
    caught: Mapping[str, int] = Counter(one.kind for one in catches)
    mended = Counter(one.kind for one in catches if one.mended)
    return render(
        "ledger.html",
        summary=summary,
        classes=[(name, caught[name], mended[name]) for name in sorted(caught)],
        catches=list(reversed(catches)),
    )
