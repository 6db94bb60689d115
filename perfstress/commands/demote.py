"""``perfstress demote``: an example leaves the regression library, with a reason that stays."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TextIO

from perfstress import demotions, library, provenance
from perfstress.clock import wall
from perfstress.errors import ExitCode, LibraryError, ProvenanceError, UsageError


def demote(name: str, *, reason: str, out: TextIO) -> ExitCode:
    """Take an entry out and write down why; git keeps it. Raises LibraryError where git does not
    have it as it is.
    """
    root = provenance.root_of(Path.cwd())
    if not reason.strip():
        raise UsageError(
            "--reason: nothing is demoted without one",
            hint="say what its guard is worth now: whoever misses it will ask",
            slug="no-reason",
        )
    folder = root / library.FOLDER / name
    known = [entry.name for entry in library.entries(root)]
    if name not in known:
        gone = demotions.demotions(root).get(name)
        raise LibraryError(
            str(gone) if gone else f"no entry named {name} in {library.FOLDER}/",
            hint=f"there are: {', '.join(known) or 'none'}",
            slug="no-entry",
        )
    commit = _committed(root, folder)
    date = wall().date().isoformat()
    page = demotions.record(root, demotions.Demotion(name, date, commit, reason.strip()))
    aside = folder.with_name(f".{name}.{os.getpid()}.gone")
    folder.rename(aside)  # away at once, whatever becomes of the rest
    shutil.rmtree(aside)
    out.write(
        f"demoted: {folder.relative_to(root)}, written down in {page.relative_to(root)}\n"
        f"  git has it: git show {commit}:{(folder / library.EXAMPLE).relative_to(root)}\n"
        "next: commit it\n"
    )
    return ExitCode.PASS


def _committed(root: Path, folder: Path) -> str:
    """The commit that has the entry as it is."""
    inside = str(folder.relative_to(root))
    try:
        commit = provenance.git_says(root, "rev-parse", "--short", "HEAD").strip()
        words = ("status", "--porcelain", "--ignored", "--untracked-files=all", "--", inside)
        open_files = provenance.git_says(root, *words).strip()
        held = provenance.git_says(root, "ls-tree", "-r", "--name-only", "HEAD", "--", inside)
    except ProvenanceError as error:
        raise LibraryError(
            f"{inside}: git does not have it: {error.message}",
            hint="nothing would be left of it; commit it first, or remove the folder yourself",
            slug="not-in-git",
        ) from error
    if open_files or not held.strip():
        raise LibraryError(
            f"{inside}: not committed as it is",
            hint="commit or restore it first: what is demoted is kept by git alone",
            slug="not-in-git",
        )
    return commit
