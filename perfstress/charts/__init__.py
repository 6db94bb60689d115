"""A run as charts on one time axis: thinned columns, bands of its stages, and what stayed level.

Everything here is JSON-able data, small enough to be put into a page: long series are thinned to
the last, the least and the greatest value of equal stretches of time; a series that never changed
is a row of a table.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from perfstress.charts.resources import Trend as Trend
from perfstress.charts.resources import resources
from perfstress.charts.thinning import short
from perfstress.charts.timeline import bands, end_of, marks
from perfstress.charts.traffic import intended, routes
from perfstress.run import Run


def charts(run: Run, trends: Sequence[Trend] = ()) -> dict[str, Any]:
    """All charts of a run; those of ``trends`` come first among the resources.

    Keys: ``end`` (seconds), ``bands``, ``marks``, ``routes`` (latency and rate per journey step),
    ``intended``, ``resources``, ``gauges``, ``table``. Also a partial run has all of them.
    """
    end_s = end_of(run)
    charted, gauges, table = resources(run, trends)
    return {
        "end": short(end_s),
        "bands": bands(run, end_s),
        "marks": marks(run),
        "routes": routes(run, end_s),
        "intended": intended(run, end_s),
        "resources": charted,
        "gauges": gauges,
        "table": table,
    }


def _end(run: Run) -> float:
    """The last second of anything that was recorded."""
    times = [0.0]
    times += [sample.t_s for sample in run.samples[-1:]]
    times += [float(second) + 1.0 for second in run.load.t_s[-1:]]
    times += [event.t_s for event in run.events if not event.name.startswith("target-st")]
    return max(times)
