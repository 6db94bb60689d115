"""The ledger: what the discipline has caught, in a committed file that only grows.

A catch is proved by a run that failed, at a commit of this history, and by the commit that mended
it. ``docs/ledger.md`` says where each figure comes from.
"""

from __future__ import annotations

from perfstress.ledger.catch import Catch
from perfstress.ledger.evidence import (
    TRAILER,
    caught_before,
    caught_in,
    unknown_commits,
    with_trailers,
)
from perfstress.ledger.file import FILE, kept, record, renew_page

__all__ = [
    "FILE",
    "TRAILER",
    "Catch",
    "caught_before",
    "caught_in",
    "kept",
    "record",
    "renew_page",
    "unknown_commits",
    "with_trailers",
]
