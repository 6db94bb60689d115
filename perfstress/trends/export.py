"""A series as the CSV that Apache Otava imports: time, commit, and a column for each figure."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime

from perfstress.trends.figures import FIGURES
from perfstress.trends.store import Record


def otava_csv(records: Sequence[Record]) -> tuple[str, list[str]]:
    """The text, and the figures that are not in it because some of the runs have none: Otava takes
    no empty cell.
    """
    some = [name for name in FIGURES if any(name in record.figures for record in records)]
    whole = [name for name in some if all(name in record.figures for record in records)]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["time", "commit", *whole])
    for record in records:
        at = datetime.fromisoformat(record.at).astimezone(UTC)
        time = f"{at:%Y-%m-%d %H:%M:%S} +0000"
        writer.writerow(
            [time, record.commit or "", *(repr(record.figures[name]) for name in whole)]
        )
    return out.getvalue(), [name for name in some if name not in whole]
