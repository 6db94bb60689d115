"""Runs that are kept below a project, as the reader of verdicts sees them: no measurements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from perfstress import archive, library, loading, plan, runfile
from perfstress.run import SCHEMA_VERSION, Manifest


def keep_run(
    root: Path,
    example: Path,
    time: str,
    *,
    verdict: str = "PASS",
    findings: Sequence[Mapping[str, Any]] = (),
    operations: int | None = None,
    **changes: Any,
) -> Path:
    """A complete run of the example as it stands there; ``changes`` are fields of its manifest."""
    loaded = loading.load(example)
    git = changes.pop("git", {"commit": None})
    manifest = Manifest(
        schema_version=SCHEMA_VERSION,
        example=loaded.example.name,
        example_path=str(example),
        kind=loaded.example.kind,
        zero=f"2026-11-20T{time[:2]}:{time[2:4]}:00.000+00:00",
        epochs=tuple(plan.epochs(loaded.example, folder=example.parent)),
        journeys=("call",),
        limits={},
        git=git,
        **{"state": "complete", **changes},
    )
    path = (
        root
        / archive.RUNS
        / loaded.example.name
        / f"20261120T{time}Z-{(git['commit'] or 'none')[:7]}"
    )
    runfile.Writer(path, manifest, dict(loaded.document), loaded.source).close()
    result = {
        "verdict": verdict,
        "example": loaded.example.name,
        "run": str(path),
        "findings": list(findings),
        "load": {"operations": operations},
        "generator": {"processes": 1},
    }
    runfile.write_result(path, result)
    return path


def keep_entry(root: Path, example: Path, **baseline: Any) -> Path:
    """An entry of the regression library, made of the example as it stands there."""
    loaded = loading.load(example)
    return library.write_entry(
        root,
        loaded.example,
        example,
        {
            "schema_version": library.BASELINE_VERSION,
            "name": loaded.example.name,
            "kind": loaded.example.kind,
            "seconds": 1.0,
            **baseline,
        },
        "# made up\n",
    )
