"""How much the entries' figures differ from run to run on one class of machine, as it was
calibrated.

``.perfstress/noise/<hash>.json`` is this machine's own; ``regressions/noise-<hash>.json``, where it
is committed, serves all machines of the class. The hash is that of the environment's compared facts
(``probes.environment``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perfstress import library
from perfstress.clock import wall
from perfstress.errors import LibraryError
from perfstress.wholefile import write_whole

OWN = Path(".perfstress", "noise")
# 1: the first.
VERSION = 1


@dataclass(frozen=True, slots=True)
class Calibration:
    """The figures of unchanged runs of one entry; ``example`` is the checksum of what was run."""

    example: str
    at: str
    commit: str | None
    runs: tuple[Mapping[str, float], ...]

    def of(self, metric: str) -> list[float]:
        """One figure of all runs that have it."""
        return [run[metric] for run in self.runs if metric in run]

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        runs = [{name: float(f"{value:.6g}") for name, value in run.items()} for run in self.runs]
        return {"example": self.example, "at": self.at, "commit": self.commit, "runs": runs}


def made(example: Path, commit: str | None, runs: Sequence[Mapping[str, float]]) -> Calibration:
    """The calibration that these runs of an example are, dated now."""
    return Calibration(
        library.sha256(example), wall().isoformat(timespec="seconds"), commit, tuple(runs)
    )


def own_file(root: Path, machine: str) -> Path:
    """Where this machine keeps what it calibrated."""
    return root / OWN / f"{machine}.json"


def committed_file(root: Path, machine: str) -> Path:
    """Where the calibration of a class of machines is committed."""
    return root / library.FOLDER / f"noise-{machine}.json"


def find(root: Path, machine: str, entry: str, example: Path) -> Calibration | None:
    """The calibration of an entry on this class of machine, this machine's own first; None where
    there is none, or it was made with another example. Raises LibraryError for a damaged file.
    """
    digest = library.sha256(example)
    for file in (own_file(root, machine), committed_file(root, machine)):
        calibration = read(file).get(entry)
        if calibration is not None and calibration.example == digest:
            return calibration
    return None


def read(file: Path) -> dict[str, Calibration]:
    """Every entry's calibration in a file; none where there is no file."""
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise _damaged(file, error.strerror or str(error)) from error
    try:
        data = json.loads(text)
        if data["version"] != VERSION:
            raise ValueError(f"version {data['version']!r}; this perfstress reads {VERSION}")
        return {
            name: Calibration(one["example"], one["at"], one["commit"], tuple(one["runs"]))
            for name, one in data["entries"].items()
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(file, f"{type(error).__name__}: {error}") from error


def keep(file: Path, environment: Mapping[str, Any], new: Mapping[str, Calibration]) -> None:
    """Put these entries' calibrations into a file beside those that it has; raises LibraryError."""
    entries = {**read(file), **new}
    data = {
        "version": VERSION,
        "machine": environment.get("hash"),
        "cpu_model": environment.get("cpu_model"),
        "entries": {name: entries[name].as_json() for name in sorted(entries)},
    }
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, json.dumps(data, indent=1) + "\n")
    except OSError as error:
        raise LibraryError(
            f"{file}: cannot be written: {error.strerror}",
            hint="the noise of this machine is kept there",
            slug="out-not-writable",
        ) from error


def _damaged(file: Path, why: str) -> LibraryError:
    return LibraryError(
        f"{file}: cannot be read: {why}",
        hint="remove it, and calibrate again",
        slug="damaged-noise",
    )
