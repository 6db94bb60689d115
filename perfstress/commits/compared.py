"""Comparisons of texts that were made before, kept below ``.perfstress/cache``.

What two texts of an example say of each other never changes, as long as this program does not: the
file holds the state of the program that wrote it, and is thrown away by any other.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from perfstress import ownfolder
from perfstress.commits.weakened import Pair, Weaker
from perfstress.wholefile import write_whole

FILE = ownfolder.OWN / "cache" / "weakened.json"

# Few comparisons are quicker than a file is worth, and many thousand are a file to wait for.
WORTH_KEEPING = 50
KEPT_AT_MOST = 20_000


def load(root: Path) -> dict[Pair, Weaker]:
    """What is known; nothing where there is no such file, or another program wrote it."""
    try:
        kept = json.loads((root / FILE).read_bytes())
        if kept["by"] != _program():
            return {}
        return {(older, newer): weaker for older, newer, weaker in kept["pairs"]}
    except (OSError, ValueError, TypeError, KeyError):
        return {}  # damaged, or not there: compared again


def save(root: Path, known: Mapping[Pair, Weaker], new: Iterable[Pair]) -> None:
    """Keep what was compared, if it was much; where nothing can be written, nothing is kept."""
    if len(list(new)) < WORTH_KEEPING:
        return
    rows = [[*pair, [dict(each) for each in weaker]] for pair, weaker in known.items()]
    text = json.dumps({"by": _program(), "pairs": rows[-KEPT_AT_MOST:]}, default=str)
    file = root / FILE
    with contextlib.suppress(OSError):  # a checkout that is read-only can be linted all the same
        ownfolder.made(root)
        file.parent.mkdir(exist_ok=True)
        write_whole(file, text)


def _program() -> str:
    """The state of this program: its files with their sizes and times."""
    package = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for folder in (package, package / "rules", package / "commits"):
        for file in sorted(folder.glob("*.py")):
            there = file.stat()
            digest.update(f"{file} {there.st_size} {there.st_mtime_ns}\n".encode())
    return digest.hexdigest()
