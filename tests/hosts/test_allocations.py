"""Which lines hold what was allocated between two quiet moments."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

HOSTS = Path(__file__).parents[2] / "perfstress" / "hosts"

PROGRAM = """
import json, sys
sys.path.insert(0, {host!r})
from python_host.allocations import Allocations
watched = Allocations()
kept = {{}}
def once(): kept["once"] = bytes(1 << 20)
def keep(i): kept[i] = bytes(1000)
def drop(i): return len(bytes(1000))
told = [watched.tell()]
once()
told.append(watched.tell())
for i in range(500):
    {act}(i)
told.append(watched.tell())
print(json.dumps(told))
"""


def told(folder: Path, act: str) -> list[Any]:
    program = folder / "program.py"
    program.write_text(PROGRAM.format(host=str(HOSTS), act=act))
    done = subprocess.run(
        [sys.executable, str(program)], capture_output=True, text=True, check=True, timeout=60
    )
    found: list[Any] = json.loads(done.stdout)
    return found


def test_the_line_that_holds_most_comes_first(tmp_path: Path) -> None:
    first, second, last = told(tmp_path, "keep")
    assert (first, second) == (None, None)
    site = last["sites"][0]
    assert site["code"] == "def keep(i): kept[i] = bytes(1000)"
    assert site["where"].startswith("program.py:")
    assert 500 <= site["count"] <= 505
    assert 500_000 <= site["bytes"] <= 600_000


def test_what_was_let_go_or_held_before_is_not_told(tmp_path: Path) -> None:
    _, _, last = told(tmp_path, "drop")
    assert sum(site["bytes"] for site in (last or {"sites": []})["sites"]) < 50_000
