"""Lints a repository that a stream of `git fast-import` describes, and compares what is told.

usage: linted.py STREAM FOLDER

The repository is made in FOLDER by the first run and linted by each. Exits with 1 when lint is
wrong about an example, by what the repository's truth.json says.
"""

import json
import os
import subprocess
import sys
from pathlib import Path


def git(folder: Path, *words: str, stdin: int | None = None) -> None:
    clean = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
    subprocess.run(["git", "-C", str(folder), *words], stdin=stdin, env=clean, check=True)


def make(stream: Path, folder: Path) -> None:
    """The repository, whole or not at all."""
    raw = folder.with_name(f"{folder.name}.{os.getpid()}")
    raw.mkdir(parents=True)
    git(raw, "init", "--quiet", "--initial-branch", "main")
    with stream.open("rb") as file:
        git(raw, "fast-import", "--quiet", stdin=file.fileno())
    git(raw, "reset", "--quiet", "--hard", "main")
    raw.rename(folder)


def main() -> int:
    stream, folder = Path(sys.argv[1]), Path(sys.argv[2])
    if not folder.exists():
        make(stream, folder)
    truth = json.loads((folder / "truth.json").read_text())
    command = [sys.executable, "-m", "perfstress", "lint", "--json"]
    project = {"PYTHONPATH": os.environ.get("PYTHONPATH", str(Path.cwd()))}
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | project,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    told = {file["path"]: file for file in json.loads(done.stdout)["files"]}
    wrong = [] if told.keys() == truth.keys() else ["not the files that there are"]
    for path, true in truth.items():
        origin = told.get(path, {"provenance": {"state": None, "weakened": []}, "problems": []})
        seen = {
            "state": origin["provenance"]["state"],
            "weakened": bool(origin["provenance"]["weakened"]),
        }
        problems = [problem["slug"] for problem in origin["problems"]]
        if seen != true or problems != ["too-late"] * (true["state"] == "too-late"):
            wrong.append(f"{path}: {seen}, {problems}; but {true}")
    sys.stderr.write("".join(f"{line}\n" for line in wrong[:20]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
