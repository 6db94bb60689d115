"""A small worked example that a test changes in one place."""

from __future__ import annotations

from typing import Any

from perfstress.example import WorkedExample

DOCUMENT: dict[str, Any] = {
    "perfstress": 1,
    "name": "small",
    "title": "A small example",
    "kind": "load",
    "production": {"rate": "10/s", "concurrency": 1, "horizon": "1d", "source": "a test"},
    "implementation": {"paths": ["service/**"]},
    "target": {"command": ["service"]},
    "workload": {
        "http": {
            "base_url": "http://127.0.0.1:{port}",
            "journeys": {"look": {"steps": [{"get": "/"}]}},
        }
    },
    "shape": {
        "model": "open",
        "seed": 1,
        "stages": [{"name": "all", "rate": "10/s", "for": "1s"}],
        "max_in_flight": 100,
    },
    "success": ["errors.count == 0"],
}


def example(**changes: Any) -> WorkedExample:
    """The small example; ``target__limits={…}`` replaces the value at ``target.limits``."""
    document = _copy(DOCUMENT)
    for path, value in changes.items():
        *folders, name = path.split("__")
        place = document
        for folder in folders:
            place = place.setdefault(folder, {})
        place[name] = value
    return WorkedExample.model_validate(document)


def _copy(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _copy(value) for key, value in data.items()}
    return [_copy(value) for value in data] if isinstance(data, list) else data
