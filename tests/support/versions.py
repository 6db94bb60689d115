"""A repository with one promoted entry and a service that a commit makes worse in a known way."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import yaml

from perfstress import library, loading

NAME = "prices"

# The work of an operation in rounds of a checksum; two in a hundred may wait for something.
SERVICE = """\
import threading
import time
import zlib

ROUNDS = {rounds}
WAIT_S = {wait_s}
PAUSE_EVERY, PAUSE = 200, {pause}
RENEWAL_S = {renewal_s}
LEASE = threading.Semaphore(1)
renewed = time.monotonic()
KEPT = []
PAGE = bytes(range(256)) * 16


def op(i):
    global renewed
    if RENEWAL_S and time.monotonic() - renewed > 0.045:
        with LEASE:  # what everybody has to hold, renewed by who finds it old
            time.sleep(RENEWAL_S)
        renewed = time.monotonic()
    if WAIT_S and i % 50 == 49:
        time.sleep(WAIT_S)
    rounds = ROUNDS
    if PAUSE and i % PAUSE_EVERY == 0:
        rounds += PAUSE * ROUNDS
    for _ in range(rounds):
        zlib.crc32(PAGE)
    {keep}
"""
WELL = {"rounds": "60", "wait_s": "0", "pause": "0", "renewal_s": "0", "keep": "return None"}
# What the service does before, where that is not all well.
BEFORE = {"p99": {"wait_s": "0.05"}, "short tail": {"wait_s": "0.0005"}}
WORSE = {
    "median": {"rounds": "69"},  # 15 % slower
    "p99": {"wait_s": "0.1"},  # the same median
    "short tail": {"wait_s": "0.001"},
    "throughput": {"pause": "24"},  # 10 % fewer in all; neither median nor p99 shows it
    "waiting": {"renewal_s": "0.005"},  # 10 % fewer in all, and no more CPU time for it
    "leak": {"keep": "KEPT.append(bytes(167 + i % 2))"},  # 200 bytes an operation
}


class Versions:
    """The repository; ``commit`` makes a version of the service the newest one."""

    def __init__(self, root: Path, *, ops: int = 40_000, **before: str) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main")
        file = root / library.WORKED_EXAMPLES / f"{NAME}.yaml"
        file.parent.mkdir()
        file.write_text(yaml.safe_dump(document(ops), sort_keys=False))
        self.commit_all("the example")
        self.commit(**before)
        example = loading.load(file).example
        baseline = {
            "schema_version": library.BASELINE_VERSION,
            "name": NAME,
            "kind": "load",
            "seconds": 8.0,
        }
        library.write_entry(root, example, file, baseline, f"# {NAME}\n")
        self.commit_all("promote it")

    @property
    def example(self) -> Path:
        """The frozen example."""
        return self.root / library.FOLDER / NAME / library.EXAMPLE

    def commit(self, **changes: str) -> None:
        """The service with these changes, committed."""
        service = self.root / "service" / "prices.py"
        service.parent.mkdir(exist_ok=True)
        service.write_text(SERVICE.format(**{**WELL, **changes}))
        self.commit_all(f"the service {changes}")

    def unchanged(self) -> None:
        """A commit that does not touch the service."""
        with (self.root / "README").open("a") as file:
            file.write("More words.\n")
        self.commit_all("words")

    def commit_all(self, message: str) -> None:
        """Put everything that is there into a commit."""
        self.git("add", "-A")
        self.git("commit", "-qm", message)

    def git(self, *words: str) -> str:
        """git, kept from whatever repository and settings surround the tests."""
        clean = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
        author = ["-c", "user.name=A", "-c", "user.email=a@example.invalid"]
        done = subprocess.run(
            ["git", "-C", str(self.root), *author, *words],
            env=clean,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()


def document(ops: int) -> dict[str, object]:
    """The example: so many operations, as fast as they go."""
    return {
        "perfstress": 1,
        "name": NAME,
        "title": "The price of a cart, as fast as it goes",
        "kind": "load",
        "production": {
            "rate": "100/s",
            "concurrency": 1,
            "horizon": "10s",
            "source": "a test",
        },
        "implementation": {"paths": ["service/**"]},
        "target": {
            "python": {"call": "prices:op"},
            "cwd": "service",
            "limits": {"memory": "512MiB", "open_files": 900, "threads": 50},
        },
        "workload": {"calls": {}},
        "shape": {
            "model": "closed",
            "seed": 1,
            "stages": [
                {"name": "work", "users": 1, "ops": ops},
            ],
            "timeout": "10s",
        },
        "success": ["errors.count == 0"],
    }
