"""A company's library of promoted examples, and the plan of its replay.

Where the folder is not there yet it is made: a git repository with a service for every two entries,
worked examples, and a regression of each with a baseline as large as a soak's (15 kB, most of it
histograms), a tenth of them shrunk for the smoke tier, and what was replayed before. Where it is
there, ``perfstress replay --dry-run`` has to plan the whole of it; this fails when the plan leaves
an entry out, or names one twice.

usage: library.py --folder DIR [--entries 500] [--replays 20] [--seed N]
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import random
import subprocess
import sys
from pathlib import Path

HISTOGRAM_BYTES = 4_000
MACHINE = "ce7aea0024ec"
KINDS = ("load", "soak", "spike", "sweep")

EXAMPLE = """perfstress: 1
name: {name}
title: Service {service} under the load of its busiest hour
kind: load
production: {{rate: 100/s, concurrency: 8, horizon: 30d, source: its access log}}
implementation:
  paths: ["services/{service}/**"]
target:
  command: [python, -m, "service{service}", --port, "{{port}}"]
  cwd: services/{service}
  limits: {{memory: 512MiB, open_files: 1024}}
workload:
  http:
    base_url: "http://127.0.0.1:{{port}}"
    journeys:
      look: {{steps: [{{get: /}}]}}
shape:
  model: open
  seed: 1
  stages:
    - {{name: busy, rate: 100/s, for: {seconds}s}}
success:
  - errors.count == 0
"""


def baseline(
    name: str, kind: str, service: int, seconds: float, text: str, rng: random.Random
) -> str:
    """The figures of a promoted run, as ``promote`` writes them."""
    figures = {"p50": 3.1, "p90": 4.8, "p99": 9.7, "p99_9": 14.2, "max": 33.0}
    summary = {
        "requests": 30_000,
        "ok": 30_000,
        "errors": 0,
        "dropped": 0,
        "operations": 30_000,
        "achieved_rate": 100.0,
        "intended_rate": 100.0,
        "response_ms": figures,
        "service_ms": figures,
        "slip_ms": figures,
    }
    return json.dumps(
        {
            "schema_version": 1,
            "name": name,
            "kind": kind,
            "implementation": [f"services/{service}/**"],
            "promoted_at": "2026-11-20T13:09:04.486+00:00",
            "commit": hashlib.sha1(name.encode()).hexdigest(),
            "environment": {"system": "Linux", "cores": 2, "hash": MACHINE},
            "seconds": seconds,
            "summary": summary,
            "second_summary": summary,
            "histograms": {
                which: base64.b64encode(rng.randbytes(HISTOGRAM_BYTES)).decode()
                for which in ("response", "service")
            },
            "minimum_detectable": [
                {"resource": resource, "per_op": 0.1, "unit": "B/op", "text": "growth below 0.1 B"}
                for resource in ("memory", "fds", "threads", "connections")
            ],
            "growth": [],
            "files": {"example.yaml": hashlib.sha256(text.encode()).hexdigest()},
        },
        indent=1,
    )


def make(folder: Path, entries: int, replays: int, rng: random.Random) -> None:
    """Make the repository, in two commits: the examples, and the services that came after them."""
    temporary = folder.with_name(f"{folder.name}.half")
    kept: list[str] = []
    for number in range(entries):
        name = f"service-{number // 2:03}-{'busy' if number % 2 else 'quiet'}"
        seconds = round(rng.uniform(5, 600), 1)
        text = EXAMPLE.format(name=name, service=number // 2, seconds=round(seconds))
        entry = temporary / "regressions" / name
        entry.mkdir(parents=True)
        (entry / "example.yaml").write_text(text)
        (entry / "baseline.json").write_text(
            baseline(name, KINDS[number % len(KINDS)], number // 2, seconds, text, rng)
        )
        (entry / "README.md").write_text(f"# {name}\n")
        if number % 10 == 0:
            (entry / "smoke.yaml").write_text(text)
        original = temporary / "worked_examples" / f"{name}.yaml"
        original.parent.mkdir(exist_ok=True)
        original.write_text(text)
        for day in range(replays):
            said = rng.choices(("PASS", "FAIL", "INCONCLUSIVE"), (97, 1, 2))[0]
            line = {
                "name": name,
                "at": f"2026-11-{day % 28 + 1:02}T05:00:00+00:00",
                "verdict": said,
                "seconds": seconds,
                "commit": "cf201c22fbf1c61f0e2ce51e34d73c3f0e776ffc",
                "fingerprint": MACHINE,
            }
            kept.append(json.dumps(line))
    own = temporary / ".perfstress"
    own.mkdir()
    (own / ".gitignore").write_text("*\n")
    (own / "replays.jsonl").write_text("\n".join(kept) + "\n")
    git(temporary, "init", "-q")
    git(temporary, "add", "worked_examples")
    git(temporary, "commit", "-qm", "The examples")
    for number in range((entries + 1) // 2):
        service = temporary / "services" / str(number)
        service.mkdir(parents=True)
        (service / "__init__.py").write_text('"""A service."""\n')
    git(temporary, "add", "-A")
    git(temporary, "commit", "-qm", "The services, and what was promoted")
    temporary.rename(folder)


def git(folder: Path, *words: str) -> None:
    """git in that folder, and in no other that a hook may have named."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    author = ("-c", "user.name=Library", "-c", "user.email=library@example.invalid")
    subprocess.run(["git", *author, *words], cwd=folder, env=clean, check=True)


def plan(folder: Path, entries: int) -> None:
    """Have the replay planned, and look whether every entry is in the plan once."""
    command = [sys.executable, "-m", "perfstress", "replay"]
    done = subprocess.run(
        [*command, "--dry-run", "--tier", "full", "--json"],
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    planned = json.loads(done.stdout)
    names = [one["name"] for one in planned["entries"] + planned["not_run"]]
    there = sorted(one.name for one in (folder / "regressions").iterdir() if one.is_dir())
    if sorted(names) != there or len(there) != entries:
        sys.exit(
            f"the plan has {len(names)} of {entries} entries: {sorted(set(there) ^ set(names))}"
        )
    sys.stdout.write(f"{len(planned['entries'])} to run, {len(planned['not_run'])} not\n")


def main() -> None:
    """Make the library, or plan its replay."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--entries", type=int, default=500)
    parser.add_argument("--replays", type=int, default=20)
    parser.add_argument("--seed", type=int, default=20_261_120)
    options = parser.parse_args()
    if options.folder.exists():
        plan(options.folder, options.entries)
    else:
        make(options.folder, options.entries, options.replays, random.Random(options.seed))


if __name__ == "__main__":
    main()
