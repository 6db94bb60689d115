"""What was taken out of the regression library, when and why: ``regressions/DEMOTED.md``.

A table that people read in a diff, and that is read back to say what became of a name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from perfstress import library
from perfstress.errors import LibraryError
from perfstress.wholefile import write_whole

FILE = "DEMOTED.md"
HEAD = """# Demoted

Examples that were taken out of this library by `perfstress demote`. git has them:
`git show COMMIT:regressions/NAME/example.yaml`.

| example | demoted | commit | reason |
|---|---|---|---|
"""
_ROW = re.compile(r"^\| (\S+) \| (\S+) \| `([0-9a-f]+)` \| (.*) \|$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Demotion:
    """One example that was taken out; ``commit`` is the last that has it."""

    name: str
    date: str
    commit: str
    reason: str

    def __str__(self) -> str:
        """One sentence."""
        return f"{self.name} was demoted on {self.date} (last in {self.commit}): {self.reason}"


def demotions(root: Path) -> Mapping[str, Demotion]:
    """The last demotion of each name."""
    try:
        text = (root / library.FOLDER / FILE).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return {}
    found = {}
    for name, date, commit, reason in _ROW.findall(text):
        found[name] = Demotion(name, date, commit, reason.replace("\\|", "|"))
    return found


def record(root: Path, demotion: Demotion) -> Path:
    """Add a row; the file appears whole or not at all."""
    file = root / library.FOLDER / FILE
    try:
        text = file.read_text(encoding="utf-8") if file.exists() else HEAD
        reason = " ".join(demotion.reason.split()).replace("|", "\\|")
        row = f"| {demotion.name} | {demotion.date} | `{demotion.commit}` | {reason} |\n"
        write_whole(file, text + ("" if text.endswith("\n") else "\n") + row)
    except (OSError, UnicodeDecodeError) as error:
        raise LibraryError(
            f"{file}: cannot be written: {getattr(error, 'strerror', None) or error}",
            hint="nothing was demoted",
            slug="output-not-writable",
        ) from error
    return file
