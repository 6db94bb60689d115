"""A repository of sixteen commits and more, one of which brings a defect."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import yaml

# What a defect puts into the operation, whose work takes about 0.6 µs for each unit of ``base``.
DEFECTS = {
    "leak": "    kept.append(bytes(167))",  # 200 bytes with its header and its place in the list
    "median": "    work({base} * 15 // 100)",
    "tail": "    work({base} if number % 40 == 0 else 0)",  # the slowest 2.5 % take twice as long
    "throughput": "    work({base} // 9)",
}
SERVICE = """\
kept = []


def work(amount):
    total = 0
    for _ in range(amount * 30):
        total += 1
    return total


def operation(number):
    work({base})
{defect}
    return number
"""


def example(**changes: Any) -> dict[str, Any]:
    """A soak of one function, long enough for 200 bytes a call and short enough for a test."""
    return {
        "perfstress": 1,
        "name": "work",
        "title": "A function called again and again",
        "kind": "soak",
        "production": {
            "rate": "1000/s",
            "concurrency": 1,
            "operations": 24_000,
            "horizon": "30d",
            "source": "a test",
        },
        "implementation": {"paths": ["service/**"]},
        "target": {"python": {"call": "service:operation"}, "cwd": "service"}
        | {"limits": {"memory": "512MiB", "open_files": 256, "threads": 16}},
        "workload": {"calls": {}},
        "shape": {
            "model": "closed",
            "seed": 1,
            "epochs": 8,
            "stages": [
                {"name": "warm-up", "users": 1, "ops": 6_000, "warmup": True},
                {"name": "work", "users": 1, "ops": 24_000},
            ],
        },
        "success": ["errors.count == 0", "memory.growth < 32B per op"],
    } | changes


class Repository:
    """A project with ``example`` in it, whose service is changed commit by commit."""

    def __init__(self, root: Path, document: dict[str, Any], base: int = 40) -> None:
        self.root = root
        self.base = base
        self.commits: list[str] = []
        root.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main")
        (root / ".gitignore").write_text(".perfstress/\n__pycache__/\n")
        self.example = root / "worked_examples" / "work.yaml"
        self.example.parent.mkdir()
        self.example.write_text(yaml.safe_dump(document))
        self.commit("the example")
        (root / "service").mkdir()
        self.write("")
        self.commit("the service")

    def git(self, *words: str) -> str:
        """git, kept from whatever repository the tests themselves stand in."""
        clean = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
        author = ["-c", "user.name=Ada", "-c", "user.email=ada@example.invalid"]
        return subprocess.run(
            ["git", "-C", str(self.root), *author, *words],
            env=clean, check=True, capture_output=True, text=True,
        ).stdout.strip()  # fmt: skip

    def write(self, defect: str) -> None:
        """Put the service there, with a defect or as it should be."""
        text = SERVICE.format(base=self.base, defect=defect.format(base=self.base))
        (self.root / "service" / "service.py").write_text(text)

    def commit(self, message: str) -> str:
        """Commit everything; gives the forty digits."""
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        self.commits.append(self.git("rev-parse", "HEAD"))
        return self.commits[-1]

    def grow(self, commits: int, defect: str, at: int) -> str:
        """So many commits that each add a line; the one with the number ``at`` brings the defect,
        and its digits are given.
        """
        brought = ""
        for number in range(commits):
            (self.root / "service" / f"page{number}.py").write_text(f'"""Page {number}."""\n')
            if number == at:
                self.write(defect)
            made = self.commit(f"page {number}" if number != at else "quicker lookups")
            brought = made if number == at else brought
        return brought
