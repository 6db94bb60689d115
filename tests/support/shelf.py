"""A regression library in a repository of its own: small entries that run a batch once, each with a
file of its own that it is about.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from tests.support.project import heed_interrupts

# What ``touched/NAME.py`` of an entry, a batch, does.
WELL = "print('done')\n"
BREAKS = "raise SystemExit(3)\n"
# Does not end for as long as the file ``go`` is not beside it.
WAITS = """import pathlib, time
while not pathlib.Path(__file__).with_name("go").exists():
    time.sleep(0.02)
"""


class Shelf:
    """The repository, and the entries of its library."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "touched").mkdir(parents=True)
        (root / ".gitignore").write_text(".perfstress/\n__pycache__/\n")
        self.git("init", "-q", "-b", "main")

    def add(self, name: str, code: str = WELL, **baseline: Any) -> Path:
        """An entry that is about ``touched/NAME.py``, and that file."""
        (self.root / "touched" / f"{name.replace('-', '_')}.py").write_text(code)
        folder = self.root / "regressions" / name
        folder.mkdir(parents=True)
        (folder / "example.yaml").write_text(yaml.safe_dump(self.document(name)))
        facts = {"schema_version": 1, "name": name, "kind": "load", "seconds": 1.0, "files": {}}
        (folder / "baseline.json").write_text(json.dumps({**facts, **baseline}))
        return folder

    def document(self, name: str) -> dict[str, Any]:
        """The worked example of an entry."""
        module = name.replace("-", "_")
        return {
            "perfstress": 1,
            "name": name,
            "title": "One small batch",
            "kind": "load",
            "production": {
                "rate": "1/day",
                "concurrency": 1,
                "horizon": "1d",
                "source": "a test",
            },
            "implementation": {"paths": [f"touched/{module}.py"]},
            "target": {
                "command": [sys.executable, f"{module}.py"],
                "cwd": "touched",
                "limits": {"memory": "512MiB", "open_files": 900},
            },
            "workload": {"runs": {}},
            "shape": {
                "model": "closed",
                "seed": 1,
                "stages": [{"name": "all", "users": 1, "ops": 1}],
                "timeout": "60s",
            },
            "success": ["errors.count == 0"],
        }

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Begin a command of perfstress there."""
        return subprocess.Popen(
            [sys.executable, "-m", "perfstress", *words],
            cwd=self.root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=heed_interrupts,
        )

    def perfstress(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Carry out a command of perfstress there."""
        process = self.start(*words)
        out, err = process.communicate(timeout=150)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def git(self, *words: str) -> str:
        """git, kept from whatever repository the tests themselves stand in."""
        clean = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
        author = ["-c", "user.name=A", "-c", "user.email=a@example.invalid"]
        done = subprocess.run(
            ["git", *author, *words],
            cwd=self.root,
            env=clean,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout

    def commit(self, message: str) -> str:
        """Put everything that is there into a commit; gives back its name."""
        self.git("add", "-A")
        self.git("commit", "-qm", message)
        return self.git("rev-parse", "HEAD").strip()
