"""Discovers a leak in a project of its own, shrinks the run, and checks what is kept of it.

usage: shrunk_leak.py EXAMPLE FOLDER   (FOLDER is made, and is the project)
"""

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
FAIL = 1
BUDGET = "6m"


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A command of perfstress in the project; what it tells people goes to the log."""
    print("$ perfstress", *words, flush=True)
    command = [sys.executable, "-m", "perfstress", *words]
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True, check=False)
    print(done.stdout, flush=True)
    return done


def git(folder: Path, *words: str) -> None:
    """A git command in the project."""
    who = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    subprocess.run(["git", *who, *words], cwd=folder, check=True, stdout=subprocess.DEVNULL)


def project(example: Path, folder: Path) -> None:
    """A repository with the example, then the shop."""
    (folder / "worked_examples").mkdir(parents=True)
    git(folder, "init", "--quiet")
    for source, name in (
        (example, "worked_examples/leaking-shop.yaml"),
        (HERE / "leaking_shop.py", "shop.py"),
    ):
        shutil.copyfile(source, folder / name)
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "--message", name)


def findings(verdict: dict[str, Any]) -> set[tuple[str, str]]:
    """What failed, by class and resource."""
    return {(one["class"], one["resource"]) for one in verdict["findings"] if one["fails"]}


def main() -> None:
    """Everything in order; an assertion that does not hold is exit code 1."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("example", type=Path)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    folder = options.folder.resolve()
    project(options.example, folder)

    full = run(folder, "discover", "worked_examples/leaking-shop.yaml", "--json", "--quiet")
    assert full.returncode == FAIL, full.returncode
    whole = json.loads(full.stdout)
    assert ("fd-growth", "fds") in findings(whole), whole["findings"]

    mended = ["--set", "target.env.MENDED=1"]
    done = run(folder, "shrink", whole["run"], "--budget", BUDGET, *mended, "--json")
    assert done.returncode == 0, done.returncode
    shrunk = json.loads(done.stdout)
    assert shrunk["proven"] is True, shrunk
    assert shrunk["after"]["journeys"] == ["journey-7"], shrunk["after"]
    assert shrunk["after"]["operations"] <= shrunk["before"]["operations"] / 10, shrunk["after"]

    smoke = shrunk["kept"]
    assert run(folder, "lint", smoke).returncode == 0
    again = run(folder, "discover", smoke, "--json", "--quiet")
    assert again.returncode == FAIL, again.returncode
    assert ("fd-growth", "fds") in findings(json.loads(again.stdout))


if __name__ == "__main__":
    main()
