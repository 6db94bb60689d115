"""Writes each judged run into the store, and makes the store anew of the run directories."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from perfstress import library, runfile
from perfstress.archive import RUNS
from perfstress.errors import LibraryError, PerfstressError, RunError
from perfstress.run import Run
from perfstress.trends.measured import figures_of
from perfstress.trends.store import Record, is_damaged, opened, set_aside
from perfstress.verdict import Verdict

AT_ONCE = 200  # put into the store together
_told: set[str] = set()


def keep(root: Path, verdict: Verdict, run: Run) -> str:
    """Put a run that was judged into the project's history; gives what went wrong, once for each
    cause, or nothing. A history that cannot be written takes nothing from a verdict.
    """
    try:
        if why_not(run):
            return ""
        with opened(root, make=True) as store:
            store.add([record_of(root, run, verdict.as_json())])
    except (PerfstressError, OSError) as error:
        said = str(error)
        if said in _told:
            return ""
        _told.add(said)
        hint = getattr(error, "hint", "")
        return f"this run is not in the history: {said}" + (f"\n  hint: {hint}" if hint else "")
    return ""


def why_not(run: Run) -> str:
    """Why a run has no place in the history of its example; empty where it has."""
    manifest = run.manifest
    if manifest.state != "complete":
        return f"it is {manifest.state}"
    if manifest.confirms:
        return "it confirms another"
    if {".perfstress", "shrunk"} <= set(Path(manifest.example_path).parts):
        return "it was a try to shrink another"
    if manifest.scale < 1 or manifest.planted or manifest.overrides:
        return "it is not of the example as it is written"
    return ""


def record_of(root: Path, run: Run, result: Mapping[str, Any]) -> Record:
    """What the history keeps of a run, given the JSON of its verdict."""
    manifest, source = run.manifest, run.path / runfile.EXAMPLE_SOURCE
    path = run.path.resolve()
    inside = path.is_relative_to(root.resolve())
    return Record(
        run=str(path.relative_to(root.resolve()) if inside else path),
        name=manifest.example,
        at=manifest.zero,
        commit=manifest.git.get("commit"),
        dirty=bool(manifest.git.get("dirty")),
        example=hashlib.sha256(source.read_bytes()).hexdigest()[:12],
        environment=str(manifest.environment.get("hash", "")),
        tier=_tier(Path(manifest.example_path)),
        verdict=str(result["verdict"]),
        seconds=round(float(run.readings.t_s.max()), 1) if len(run.readings) else 0.0,
        figures=figures_of(run, result.get("load", {})),
    )


def _tier(example: Path) -> str:
    if example.parent.parent.name != library.FOLDER:
        return ""
    return {library.SMOKE: "smoke", library.EXAMPLE: "full"}.get(example.name, "")


# ---------------------------------------------------------------- making it anew
def rebuild(root: Path, progress: Callable[[int], None]) -> tuple[int, dict[str, str], Path | None]:
    """Read every run directory of the project into the store.

    What the store knows of runs that are gone stays there; a store that is damaged is put aside and
    begun anew. Gives how many runs were read, why each of the others was not (by its path), and
    where a damaged store was put. ``progress`` is called with the number read so far.
    """
    if not (root / RUNS).is_dir():
        raise LibraryError(
            f"{root / RUNS}: there are no runs to make a history of",
            hint="perfstress discover makes one",
            slug="no-history",
        )
    aside = set_aside(root) if is_damaged(root) else None
    left_out: dict[str, str] = {}
    batch: list[Record] = []
    read = 0
    with opened(root, make=True) as store:
        for folder in _folders(root):
            try:
                batch.append(_read(root, folder))
            except (RunError, LibraryError) as error:
                left_out[str(folder.relative_to(root))] = error.message
                continue
            if len(batch) == AT_ONCE:
                store.add(batch)
                read += len(batch)
                batch.clear()
                progress(read)
        store.add(batch)
    return read + len(batch), left_out, aside


def _folders(root: Path) -> Iterator[Path]:
    for manifest in sorted((root / RUNS).glob(f"*/*/{runfile.MANIFEST}")):
        yield manifest.parent


def _read(root: Path, folder: Path) -> Record:
    run = runfile.read(folder, with_confirming=False)
    if why := why_not(run):
        raise LibraryError(why)
    try:
        result = json.loads((folder / runfile.RESULT).read_text(encoding="utf-8"))
        return record_of(root, run, result)
    except FileNotFoundError:
        raise LibraryError("it has no verdict") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise LibraryError(f"its verdict cannot be read: {error}") from error
