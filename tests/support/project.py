"""A folder with one small worked example in it, and the command line run on it as a user would."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import yaml

from perfstress.errors import ExitCode

SERVICE = Path(__file__).with_name("service.py")


def heed_interrupts() -> None:
    """A shell starts what runs in its background deaf to Ctrl-C; the tests may be run so."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Project:
    """A folder with one example in it, and the runs made from it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.file = root / "shop.yaml"
        self.at_end: list[list[str]] = []  # commands that clear away what a test has made
        self.started: list[subprocess.Popen[str]] = []
        self.document: dict[str, Any] = {
            "perfstress": 1,
            "name": "shop",
            "title": "A small shop",
            "kind": "load",
            "production": {
                "rate": "100/s",
                "concurrency": 1,
                "horizon": "10s",
                "source": "a test",
            },
            "implementation": {"paths": ["service/**"]},
            "target": {
                "command": ["python", str(SERVICE), "{port}"],
                "ready": {"get": "/", "within": "10s"},
                "limits": {"memory": "512MiB", "open_files": 900, "threads": 50},
                "stop": {"signal": "TERM", "within": "2s"},
            },
            "workload": {
                "http": {
                    "base_url": "http://127.0.0.1:{port}",
                    "journeys": {"look": {"steps": [{"get": "/", "expect": {"status": 200}}]}},
                }
            },
            "shape": {
                "model": "open",
                "arrivals": "uniform",
                "seed": 1,
                "stages": [{"name": "all", "rate": "100/s", "for": "2s"}],
                "max_in_flight": 500,
                "timeout": "1s",
            },
            "success": ["errors.count == 0"],
        }

    def mode(self, *words: str) -> None:
        """Give the service these arguments behind its port."""
        self.document["target"]["command"] = ["python", str(SERVICE), "{port}", *words]

    def soak(self) -> None:
        """Make it a soak of eight short epochs."""
        self.document["kind"] = "soak"
        self.document["production"] |= {"operations": 400, "horizon": "1h"}
        self.document["shape"] = {
            "model": "closed",
            "seed": 1,
            "epochs": 8,
            "stages": [
                {"name": "warm-up", "users": 1, "ops": 50, "warmup": True},
                {"name": "work", "users": 1, "ops": 400},
            ],
        }
        self.document["success"] = ["errors.count == 0", "fds.growth == none"]

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Begin ``perfstress discover`` on it."""
        self.file.write_text(yaml.safe_dump(self.document))
        process = subprocess.Popen(
            [sys.executable, "-m", "perfstress", "discover", str(self.file), *words],
            cwd=self.root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=heed_interrupts,
        )
        self.started.append(process)
        return process

    def discover(self, *words: str) -> tuple[int, str, str]:
        """Run it to its end: exit code, stdout, stderr."""
        process = self.start(*words)
        out, err = process.communicate(timeout=150)
        return process.returncode, out, err

    def verdict(self, *words: str) -> tuple[int, dict[str, Any]]:
        """Run it with ``--json``: exit code and the object.

        A machine that is busy with something else is told as INCONCLUSIVE, and tried again.
        """
        for _ in range(3):
            code, out, err = self.discover("--json", *words)
            assert out, err
            if code != ExitCode.INCONCLUSIVE:
                break
        return code, json.loads(out)

    @property
    def run(self) -> Path:
        """The newest run's folder."""
        return max((self.root / ".perfstress" / "runs" / "shop").iterdir())

    def services(self) -> list[psutil.Process]:
        """Living processes of the service that were started from this folder."""
        found = []
        for process in psutil.process_iter():
            try:
                mine = str(SERVICE) in process.cmdline() and process.cwd() == str(self.root)
                if mine and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
            except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
                continue
        return found

    def events(self) -> list[dict[str, Any]]:
        """What the newest run's events file holds so far."""
        try:
            lines = (self.run / "events.jsonl").read_text().splitlines()
        except (ValueError, OSError):
            return []
        return [json.loads(line) for line in lines]

    def under_load(self) -> bool:
        """Whether the load of the newest run has begun."""
        return any(event["event"] == "epoch-began" for event in self.events())

    def perfstress(self, *words: str, within_s: float = 150) -> subprocess.CompletedProcess[str]:
        """Any other command, run in the folder."""
        return subprocess.run(
            [sys.executable, "-m", "perfstress", *words],
            cwd=self.root,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=within_s,
        )

    def git(self, *words: str) -> None:
        """git, kept from whatever repository the tests themselves stand in."""
        clean = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
        author = ["-c", "user.name=A", "-c", "user.email=a@example.invalid"]
        subprocess.run(
            ["git", *author, *words], cwd=self.root, env=clean, check=True, capture_output=True
        )

    def commit(self, message: str) -> None:
        """Put everything that is there into a commit."""
        self.git("add", "-A")
        self.git("commit", "-qm", message)
