"""A project with a phase in a real repository: a runbook, an example, runs of it, a library."""

from __future__ import annotations

import json
from pathlib import Path

from perfstress import runfile
from tests.broken.corpus import CALLS
from tests.support import synthetic
from tests.test_provenance import Repository

EXAMPLE = "worked_examples/sound.yaml"
RUNBOOK = "runbooks/shop.md"
CODE = "shop/pricing.py"
TEXT = CALLS.replace("@NAME@", "sound").replace("kind: soak\n", "kind: soak\nphase: shop\n")
PAGE = """\
---
phase: shop
examples: [sound]
---
# Phase: shop, prices for the year's end

## What it builds
Prices.

## Production envelope
| what | figure | source |
|---|---|---|
| invoices | 1,000,000 | finance |

## Success figures
Those of the example.
"""


def accepting(*changes: str, reason: str = "half the shops closed") -> str:
    """The page with a stated reason for weakenings."""
    lines = "".join(f"      - {json.dumps(change)}\n" for change in changes)
    entry = (
        f"weakened:\n  - example: sound\n    changes:\n{lines}    reason: {reason}\n---\n# Phase"
    )
    return PAGE.replace("---\n# Phase", entry)


def run_of(
    repository: Repository, name: str, verdict: str, text: str = TEXT, **changes: object
) -> Path:
    """A run that was judged, as it lies on disk."""
    folder = repository.root / ".perfstress/runs/sound" / name
    synthetic.empty(folder)
    (folder / runfile.EXAMPLE_SOURCE).write_text(text)
    runfile.amend(folder, **{"state": "complete", **changes})
    runfile.write_result(folder, {"verdict": verdict})
    return folder


def promoted(repository: Repository, text: str = TEXT) -> Path:
    """An entry of the library."""
    folder = repository.root / "regressions/sound"
    folder.mkdir(parents=True)
    (folder / "example.yaml").write_text(text)
    baseline = {
        "schema_version": 1,
        "name": "sound",
        "kind": "soak",
        "commit": "ab" * 20,
        "promoted_at": "2026-11-20T10:00:00+00:00",
        "seconds": 3.0,
        "files": {},
    }
    (folder / "baseline.json").write_text(json.dumps(baseline))
    return folder
