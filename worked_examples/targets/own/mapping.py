"""Draws the map of a large project: ``perfstress shapes`` in a folder of made-up worked examples.

The project is unpacked once, from the lines of the input, and stays for the runs after it. It fails
where the map leaves out an example or proposes no next one.

usage: mapping.py INPUT FOLDER
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path


def unpack(lines: Path, folder: Path) -> None:
    """Write the project, a git work tree of its own; the folder appears whole or not at all."""
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}.tmp")
    temporary.mkdir(parents=True)
    subprocess.run(["git", "init", "-q", str(temporary)], check=True)
    with lines.open(encoding="utf-8") as file:
        for line in file:
            one = json.loads(line)
            path = temporary / one["path"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(one["text"], encoding="utf-8")
    temporary.rename(folder)


def main() -> int:
    """Draw the map and look whether it is whole."""
    lines, folder = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    if not folder.exists():
        unpack(lines, folder)
    command = [sys.executable, "-m", "perfstress", "shapes", "--json"]
    printed = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, check=True).stdout
    drawn = json.loads(printed)
    there = {path.stem for path in (folder / "worked_examples").glob("*.yaml")}
    missing = there - {one["name"] for one in drawn["examples"]}
    print(f"{len(drawn['examples'])} examples, {len(drawn['empty'])} empty regions")
    return 1 if missing or not drawn["empty"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
