"""Sweeps as models, for what is pure."""

from __future__ import annotations

from typing import Any

from perfstress.example import WorkedExample


def sweep_of(values: list[int], **changes: Any) -> WorkedExample:
    """A sweep of calls over these sizes; ``changes`` are keys of the document."""
    document = {
        "perfstress": 1,
        "name": "sizes",
        "title": "Sizes",
        "kind": "sweep",
        "production": {"rate": "10/s", "concurrency": 1, "horizon": "1d", "source": "a test"},
        "implementation": {"paths": ["x/**"]},
        "target": {"python": {"call": "sized:fits"}},
        "workload": {"calls": {}},
        "shape": {
            "model": "closed",
            "seed": 1,
            "size": {"name": "lines", "values": values},
            "stages": [{"name": "work", "users": 1, "ops": 40}],
            "timeout": "10s",
        },
        "success": ["errors.count == 0", "cost.order < 1.3"],
        **changes,
    }
    return WorkedExample.model_validate(document)
