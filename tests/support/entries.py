"""Entries of a regression library, made up: each a batch that is over at once."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import yaml


def entry(root: Path, name: str, code: int = 0, **baseline: Any) -> Path:
    """A promoted example: a batch that ends with ``code`` at once, twice."""
    document = {
        "perfstress": 1,
        "name": name,
        "title": "A batch that is over at once",
        "kind": "load",
        "production": {"rate": "1/day", "concurrency": 1, "horizon": "1d", "source": "a test"},
        "implementation": {"paths": ["batch.py"]},
        "target": {"command": ["python", "-c", f"raise SystemExit({code})"]},
        "workload": {"runs": {}},
        "shape": {"model": "closed", "seed": 1,
                  "stages": [{"name": "all", "users": 1, "ops": 2}]},
        "success": ["errors.count == 0"],
    }  # fmt: skip
    folder = root / "regressions" / name
    folder.mkdir(parents=True)
    text = yaml.safe_dump(document)
    (folder / "example.yaml").write_text(text)
    data = {
        "schema_version": 1,
        "name": name,
        "kind": "load",
        "seconds": 2.0,
        "files": {"example.yaml": hashlib.sha256(text.encode()).hexdigest()},
        **baseline,
    }
    (folder / "baseline.json").write_text(json.dumps(data))
    return folder
