"""Rows that are dealt per user: one for each user that the shape will have."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from perfstress.places import Complaint, Place, dotted
from perfstress.rows import RowsError, read_rows
from perfstress.yamlio import Loaded


def too_few_rows(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """Every user has a row of its own."""
    example = loaded.example
    http = example.workload.http
    per_user = (
        [name for name, data in http.data.items() if data.order == "per-user"] if http else []
    )
    if not per_user or http is None:
        return
    shape = example.shape
    if shape.model == "open":
        most, word = shape.max_in_flight, "shape.max_in_flight lets"
    else:
        levels = [(stage.users, stage.from_, stage.to) for stage in shape.flat]
        most = max((int(n) for level in levels for n in level if n is not None), default=0)
        word = "the shape has"
    for name in per_user:
        try:
            rows = len(read_rows(loaded.path.parent / http.data[name].file))
        except RowsError:
            continue  # told by no-file or bad-rows
        if rows < most:
            place: Place = ("workload", "http", "data", name, "order")
            many = f"{rows:,} rows for {most:,} users"
            message = f"{dotted(place)}: {many}, and each user keeps a row of its own"
            hint = f"commit more rows; {word} as many users"
            yield Complaint(place, "too-few-rows", message, hint)
