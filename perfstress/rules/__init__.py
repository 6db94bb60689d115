"""The lint rules beyond the schema: what a document means together, a closed table, each with a slug."""

from __future__ import annotations

from pathlib import Path

from perfstress.errors import Problem
from perfstress.yamlio import Loaded


def check(loaded: Loaded, root: Path) -> list[Problem]:
    """Every problem of an example that its shape alone does not show."""
    return []
