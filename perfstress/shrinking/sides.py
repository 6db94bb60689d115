"""The two sides of a defect: where the one that has it, and the one that should not, are run."""

from __future__ import annotations

import contextlib
import copy
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from perfstress import library, ownfolder, provenance, runfile, yamlio
from perfstress.errors import UsageError
from perfstress.example import WorkedExample
from perfstress.overrides import override
from perfstress.run import Run
from perfstress.substitute import REDACTED
from perfstress.worktrees import checked_out

SHRUNK_FOLDER = ownfolder.OWN / "shrunk"
PRESENT = "."  # the work tree as it is


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a defect: the file that a shape is written to there, with what it names beside
    it, and the values that ``--set`` gives it.
    """

    file: Path
    overrides: Mapping[str, str] = field(default_factory=dict)


def place_of(run: Run, root: Path) -> Path:
    """A new folder for everything that shrinking this run makes; what was kept earlier stays."""
    base = root / SHRUNK_FOLDER / f"{run.example.name}-{run.path.resolve().name}"
    place, again = base, 1
    while True:
        try:
            place.mkdir(parents=True)
        except FileExistsError:
            again += 1
            place = base.with_name(f"{base.name}-{again}")
        else:
            return place


def document_of(run: Run) -> tuple[dict[str, Any], dict[str, str]]:
    """The example of the run, and the values that were set for its target; any other value that was
    set becomes part of the example. Raises UsageError where a secret had been set.
    """
    text = (run.path / runfile.EXAMPLE_SOURCE).read_text(encoding="utf-8")
    document = copy.deepcopy(yamlio.plain(text) or {})
    given = run.manifest.overrides
    if secret := next((path for path, value in given.items() if REDACTED in value), None):
        raise UsageError(
            f"{run.path}: --set {secret} was a secret, and no run keeps one: it cannot be repeated",
            hint=f"discover it again with --set {secret}='${{env:NAME}}', then shrink that run",
            slug="secret-not-kept",
        )
    of_target = {path: value for path, value in given.items() if path.startswith("target.")}
    override(document, {path: value for path, value in given.items() if path not in of_target})
    return document, of_target


def is_present(run: Run, root: Path) -> bool:
    """Whether the work tree is, to the last byte, what the run was made of."""
    then, now = run.manifest.git, provenance.facts(root)
    clean = then.get("dirty") is False and now.get("dirty") is False
    return clean and then.get("commit") == now.get("commit")


def commit_to_check_out(run: Run, root: Path) -> str | None:
    """The commit that the run was made of, where that is known and not what is here now."""
    then = run.manifest.git
    if then.get("dirty") is not False or is_present(run, root):
        return None
    return then.get("commit")


def laid_out(
    run: Run,
    root: Path,
    place: Path,
    commit: str | None,
    overrides: Mapping[str, str],
    stack: contextlib.ExitStack,
) -> Side:
    """A side in the work tree, or in one of its own for ``commit``, which goes with ``stack``.

    A shape lies in a folder with the example's name, as a regression does.
    """
    if commit is None or commit == PRESENT:
        tree = root
        folder = place / run.example.name
    else:
        tree = stack.enter_context(checked_out(root, commit))
        folder = tree / SHRUNK_FOLDER / run.example.name
    folder.mkdir(parents=True, exist_ok=True)
    _copy_files(run.example, Path(run.manifest.example_path).parent, folder)
    return Side(folder / library.SMOKE, dict(overrides))


def _copy_files(example: WorkedExample, source: Path, folder: Path) -> None:
    for name in library.referenced_files(example, source):
        copied = folder / name
        if copied.resolve().is_relative_to(folder.resolve()) and (source / name).is_file():
            copied.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / name, copied)
