"""Prints a project of made-up worked examples, a file a line as JSON, always the same for a seed.

Each line is ``{"path", "text"}``. One example in three is promoted as well, one in two has a run
that is kept; they differ in kind, size, length and level, below, at and beyond their production.

usage: make_examples.py [--examples 500] [--phases 20] [--seed 20261120]
"""

import argparse
import hashlib
import json
import random
from collections.abc import Iterator
from typing import Any

SHARES = (0.01, 0.1, 0.5, 1, 1, 1, 2, 10)
ZERO = "2026-11-20T10:00:00.000+00:00"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def level(wanted: float, rng: random.Random) -> int:
    """A whole number below, at or beyond what production has."""
    return max(1, round(wanted * rng.choice(SHARES)))


def shape(kind: str, users: int, operations: int, items: int, rng: random.Random) -> dict[str, Any]:
    """Stages of a kind, some of which reach production."""
    most, total = level(users, rng), level(operations, rng)
    stages: list[dict[str, Any]] = [
        {"name": "warm-up", "users": 1, "ops": max(1, total // 100), "warmup": True},
        {"name": "work", "users": most, "ops": total},
    ]
    found: dict[str, Any] = {"model": "closed", "seed": 1}
    if kind == "sweep":
        found["size"] = {"name": "items", "values": sorted({1, 10, max(2, level(items, rng))})}
        stages = [{"name": "sizes", "users": 1, "ops": 20}]
    if kind == "spike":
        stages.append({"name": "after", "users": 1, "ops": max(1, total // 10)})
    if kind == "soak":
        found["epochs"] = 8
    return {**found, "stages": stages, "timeout": "30s"}


def document(number: int, phases: int, rng: random.Random) -> dict[str, Any]:
    """One worked example as plain data."""
    kind = ("load", "soak", "spike", "sweep")[number % 4]
    phase = f"phase-{number % phases:02d}"
    items, users = 10 ** rng.randint(2, 5), rng.choice((4, 8, 64))
    operations = 10 ** rng.randint(4, 7)
    reached = {"items": level(items, rng)}
    return {
        "perfstress": 1,
        "name": f"{phase}-{kind}-{number:03d}",
        "title": f"{operations:,} calls with up to {items:,} items, {users} at once",
        "kind": kind,
        "phase": phase,
        "hunts": ["memory-growth", "latency-drift"],
        "production": {
            "rate": f"{rng.choice((20, 100, 2000))}/s",
            "concurrency": users,
            "size": {"items": items},
            "operations": operations,
            "horizon": "14d",
            "source": "made up",
        },
        "implementation": {"paths": [f"services/{phase}/**"]},
        "target": {
            "python": {"call": f"services.{phase.replace('-', '_')}:op"},
            "limits": {"memory": "512MiB", "open_files": 1024},
        },
        "workload": {"calls": {} if kind == "sweep" else {"size": reached}},
        "shape": shape(kind, users, operations, items, rng),
        "success": ["errors.count == 0", "growth == none"],
    }


def written(value: Any, indent: int = 0) -> str:
    """Mappings in lines, all else as JSON, which is YAML too."""
    lines = []
    for key, inner in value.items():
        if isinstance(inner, dict) and inner and indent < 4:
            lines.append(" " * indent + f"{key}:\n" + written(inner, indent + 2))
        else:
            lines.append(" " * indent + f"{key}: {json.dumps(inner)}\n")
    return "".join(lines)


def promoted(name: str, kind: str, text: str) -> Iterator[tuple[str, str]]:
    """The entry of an example in the regression library."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    baseline = {
        "schema_version": 1,
        "name": name,
        "kind": kind,
        "promoted_at": ZERO,
        "commit": COMMIT,
        "seconds": 30.0,
        "files": {"example.yaml": digest},
    }
    yield f"regressions/{name}/example.yaml", text
    yield f"regressions/{name}/baseline.json", json.dumps(baseline)


def run(document: dict[str, Any], text: str, outcome: str) -> Iterator[tuple[str, str]]:
    """A run that is kept: what a reader of verdicts opens, and no measurements."""
    name = document["name"]
    folder = f".perfstress/runs/{name}/20261120T100000Z-0123456"
    manifest = {
        "schema_version": 1,
        "example": name,
        "example_path": f"worked_examples/{name}.yaml",
        "kind": document["kind"],
        "zero": ZERO,
        "state": "complete",
        "epochs": [],
        "journeys": ["call"],
        "limits": {},
        "git": {"commit": COMMIT, "short": "0123456", "dirty": False, "branch": "main"},
    }
    yield f"{folder}/run.json", json.dumps(manifest)
    yield f"{folder}/example.yaml", text
    yield f"{folder}/example.json", json.dumps(document)
    yield f"{folder}/result.json", json.dumps({"verdict": outcome, "example": name, "findings": []})


def files(examples: int, phases: int, rng: random.Random) -> Iterator[tuple[str, str]]:
    """Every file of the project: its path and its text."""
    for number in range(examples):
        made = document(number, phases, rng)
        text = written(made)
        yield f"worked_examples/{made['name']}.yaml", text
        if number % 3 == 0:
            yield from promoted(made["name"], made["kind"], text)
        if number % 2 == 0:
            yield from run(made, text, ("PASS", "FAIL", "INCONCLUSIVE")[number // 2 % 3])


def main() -> None:
    """Print the files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=500)
    parser.add_argument("--phases", type=int, default=20)
    parser.add_argument("--seed", type=int, default=20_261_120)
    options = parser.parse_args()
    for path, text in files(options.examples, options.phases, random.Random(options.seed)):
        print(json.dumps({"path": path, "text": text}, separators=(",", ":")))


if __name__ == "__main__":
    main()
