"""The folder in which perfstress keeps what is its own in a project; git passes over it."""

from __future__ import annotations

from pathlib import Path

OWN = Path(".perfstress")


def made(root: Path) -> Path:
    """The folder of a project, made where it is not there. With every run the tree would no longer
    be clean without the file that has git pass over it, and a promotion wants a clean one. Raises
    OSError.
    """
    own = root / OWN
    own.mkdir(exist_ok=True)
    ignore = own / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", encoding="utf-8")
    return own
