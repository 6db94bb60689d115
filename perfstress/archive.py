"""The runs that are kept below ``.perfstress/runs``: a place for a new one, and where one is, by
path, by example or by file.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from perfstress import ownfolder, provenance
from perfstress.clock import wall
from perfstress.errors import RunError
from perfstress.runfile import MANIFEST, read_manifest

RUNS = ownfolder.OWN / "runs"
EXAMPLE_SUFFIXES = {".yaml", ".yml"}


def run_folder(root: Path, name: str) -> Path:
    """A new run directory: ``.perfstress/runs/<example>/<time>-<commit>``, made here and empty, so
    that two runs that begin in the same second do not choose the same one. Where it cannot be made
    its path alone; who writes to it says why.
    """
    commit = provenance.facts(root).get("short") or "nocommit"
    stamp = wall().strftime("%Y%m%dT%H%M%SZ")
    base = root / RUNS / name
    folder, again = base / f"{stamp}-{commit}", 1
    try:
        ownfolder.made(root)
    except OSError:  # also a file of that name, which another number would not mend
        return folder
    while True:
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            again += 1
            folder = base / f"{stamp}-{commit}-{again}"
        except OSError:
            return folder
        else:
            return folder


def find_run(text: str, *, start: Path | None = None) -> Path:
    """The run directory that ``text`` means: the folder itself (or a file in it), or the newest run
    of an example given by its name or its file.

    Runs are looked for in ``.perfstress/runs`` of ``start`` (default: the current folder) and of
    each folder above it; for a file, of the folders above the file too. A run made only to confirm
    another is passed over. Raises RunError.
    """
    path = Path(text)
    if path.is_file() and path.suffix not in EXAMPLE_SUFFIXES:
        path = path.parent  # .../report.html of a run stands for the run
    if path.is_dir():
        return _run_in(path, text)
    origins = [start or Path.cwd()]
    if path.is_file():
        origins.append(path.resolve().parent)
    name = path.stem if path.suffix in EXAMPLE_SUFFIXES else text.strip("/")
    shelves = list(_shelves(origins))
    for shelf in shelves:
        if "/" not in name and (newest := _newest(shelf / name)):
            return newest
    kept = sorted({one.name for shelf in shelves for one in shelf.iterdir() if _newest(one)})
    hint = f"there are runs of: {', '.join(kept)}" if kept else "perfstress discover makes one"
    raise RunError(
        f"{text}: neither a run directory nor an example with a run below {RUNS}",
        hint=hint,
        slug="no-run",
    )


def _run_in(folder: Path, text: str) -> Path:
    if (folder / MANIFEST).is_file():
        return folder
    if newest := _newest(folder):  # .perfstress/runs/<example>
        return newest
    raise RunError(
        f"{text}: no run here ({MANIFEST} is missing)",
        hint=f"name a folder below {RUNS}/<example>/, or an example for its newest run",
        slug="no-run",
    )


def _shelves(origins: list[Path]) -> Iterator[Path]:
    seen = set()
    for origin in origins:
        for folder in (origin, *origin.parents):
            shelf = folder / RUNS
            if shelf not in seen and shelf.is_dir():
                seen.add(shelf)
                yield shelf


def _newest(folder: Path) -> Path | None:
    """The newest run in a folder of runs; their names begin with the time, so order is by name."""
    if not folder.is_dir():
        return None
    for run in sorted(folder.iterdir(), key=lambda one: one.name, reverse=True):
        if (run / MANIFEST).is_file() and not _confirms_another(run):
            return run
    return None


def _confirms_another(run: Path) -> bool:
    try:
        return read_manifest(run).confirms is not None
    except RunError:
        return False  # damaged: let the reader of the run say so, by name
