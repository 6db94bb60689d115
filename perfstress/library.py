"""The regression library on disk: ``regressions/<name>/`` with a frozen example, its data and its
baseline.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perfstress.errors import LibraryError
from perfstress.regularfile import read_text
from perfstress.wholefile import write_whole

if TYPE_CHECKING:
    from perfstress.example import WorkedExample  # 0.2 s, which a plan of replays need not wait for

FOLDER = "regressions"
WORKED_EXAMPLES = "worked_examples"
BESIDE = ("targets", "data")  # folders of worked examples that hold none
EXAMPLE = "example.yaml"
SMOKE = "smoke.yaml"
BASELINE = "baseline.json"
PAGE = "README.md"

# History of the baseline's format. 1: the first. Since then added, and optional: "tier",
# "implementation" (the patterns of its paths), "smoke_seconds", "history" (earlier promotions).
BASELINE_VERSION = 1

# A full example counts for the smoke tier when it took no longer than this and has no shrunk shape.
SMOKE_SECONDS = 60.0

TIERS = ("smoke", "full", "soak")


@dataclass(frozen=True, slots=True)
class Entry:
    """One promoted example; ``problem`` says why it cannot be run, where it is damaged."""

    name: str
    folder: Path
    baseline: Mapping[str, Any]
    problem: LibraryError | None = None

    @property
    def seconds(self) -> float:
        """How long its run took when it was promoted."""
        return float(self.baseline.get("seconds", 0.0))

    def seconds_of(self, example: Path) -> float:
        """How long the replay of one of its files takes, by what was recorded at its promotion."""
        if example.name != SMOKE:
            return self.seconds
        return float(self.baseline.get("smoke_seconds", min(self.seconds, SMOKE_SECONDS)))

    @property
    def implementation(self) -> tuple[str, ...]:
        """The patterns of the paths that it is about; none where they cannot be read, or mean
        another repository.
        """
        patterns = self.baseline.get("implementation")
        if patterns is None:  # promoted before the baseline held them
            patterns = _implementation(self.folder / EXAMPLE)
        return tuple(map(str, patterns)) if isinstance(patterns, list) else ()

    @property
    def kind(self) -> str:
        """The kind of its example."""
        return str(self.baseline.get("kind", ""))

    def example_for(self, tier: str) -> Path | None:
        """The file to run for a tier, or None where the entry is not part of it.

        smoke: the shrunk shape, or the full one if it is short. full: everything but soaks longer
        than that. soak: everything. An entry that was promoted to a tier is part of it and of those
        behind it, whatever its length. A damaged entry is part of every tier: nobody may miss it.
        """
        full = self.folder / EXAMPLE
        if self.problem is not None:
            return full
        if tier == "smoke" and (self.folder / SMOKE).exists():
            return self.folder / SMOKE
        return full if TIERS.index(tier) >= TIERS.index(self.first_tier) else None

    @property
    def first_tier(self) -> str:
        """The first tier that runs the whole example: the one it was promoted to, else by how long
        it took.
        """
        if self.baseline.get("tier") in TIERS:
            return str(self.baseline["tier"])
        if self.seconds <= SMOKE_SECONDS:
            return "smoke"
        return "soak" if self.kind == "soak" else "full"


def entries(root: Path) -> list[Entry]:
    """Every entry of the library by name, the damaged ones with their problem.

    Whether the frozen files are still those that were promoted is not asked here: a plan of 500
    entries would read all their data. ``check_frozen`` does it when an entry is about to run.
    """
    folders = sorted((root / FOLDER).glob("*/"))
    return [entry(folder) for folder in folders if not folder.name.startswith(".")]


def entry(folder: Path) -> Entry:
    """One entry, with its problem where it is damaged."""
    try:
        return Entry(folder.name, folder, _baseline(folder / BASELINE))
    except LibraryError as error:
        return Entry(folder.name, folder, {}, error)


def _implementation(example: Path) -> Any:
    from perfstress import yamlio  # delayed: pydantic

    try:
        document = yamlio.plain(read_text(example))
    except (OSError, UnicodeDecodeError):
        return None
    part = document.get("implementation") if document else None
    if not isinstance(part, dict) or part.get("repo") is not None:
        return None
    return part.get("paths")


def _baseline(path: Path) -> Mapping[str, Any]:
    try:
        baseline = json.loads(read_text(path))
        if not isinstance(baseline, dict):
            raise ValueError("not a JSON object")
        _check_types(baseline)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise LibraryError(
            f"{path}: cannot be read: {why}",
            hint="promote the example again, or remove the folder",
            slug="damaged-entry",
        ) from error
    if baseline.get("schema_version") != BASELINE_VERSION:
        raise LibraryError(
            f"{path}: schema version {baseline.get('schema_version')!r}; "
            f"this perfstress reads {BASELINE_VERSION}",
            hint="promote the example again with this version",
            slug="entry-version",
        )
    return baseline


def _check_types(baseline: Mapping[str, Any]) -> None:
    """Raise ValueError for what a plan rests on and is not what it has to be."""
    for name in ("seconds", "smoke_seconds"):
        value = baseline.get(name, 0.0)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not (is_number and math.isfinite(value) and value >= 0):
            raise ValueError(f"{name} is {value!r}, not a number of seconds")
    if not isinstance(baseline.get("commit"), str | None):
        raise ValueError(f"commit is {baseline['commit']!r}")
    files = baseline.get("files", {})
    if not isinstance(files, dict) or not all(isinstance(each, str) for each in files.values()):
        raise ValueError("files is not a list of names with their checksums")


def worked_examples(root: Path) -> list[Path]:
    """Every worked example of a project, those that are grouped in folders too."""
    return examples_below(root / WORKED_EXAMPLES)


def examples_below(folder: Path) -> list[Path]:
    """The examples in a folder, and of the worked examples those that are grouped in folders, too;
    none where there is no such folder.
    """
    folders = [folder]
    if folder.resolve().name == WORKED_EXAMPLES:
        folders += [path for path in folder.glob("*/") if path.name not in BESIDE]
    found = [path for each in folders for path in each.glob("*.y*ml")]
    return sorted(path for path in found if path.suffix in (".yaml", ".yml") and path.is_file())


def original_of(path: Path, name: str, root: Path) -> Path:
    """The worked example that git is to be asked about: of a promoted copy, or of a shrunk one, the
    one that it was made from, where that is still there; of any other, itself.
    """
    promoted = path.name == EXAMPLE and path.resolve().parent.parent.name == FOLDER
    promoted = promoted or path.name == SMOKE
    if not promoted:
        return path
    folder = root / WORKED_EXAMPLES
    here = folder / f"{name}.yaml"
    places = [here] if here.is_file() else sorted(folder.glob(f"*/{name}.yaml"))
    return next((one for one in places if one.parent.name not in BESIDE), path)


def check_frozen(entry: Entry) -> None:
    """Raise the LibraryError that speaks against running an entry: it is damaged, or a frozen file
    is not what was promoted.
    """
    if entry.problem is not None:
        raise entry.problem
    for name, digest in entry.baseline.get("files", {}).items():
        file = entry.folder / name
        if not file.is_file() or sha256(file) != digest:
            raise LibraryError(
                f"{file}: not what was promoted (sha256 {digest[:12]}… expected)",
                hint="restore it from git, or promote the changed example anew",
                slug="entry-changed",
            )


def sha256(path: Path) -> str:
    """The checksum of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def referenced_files(example: WorkedExample, folder: Path) -> list[str]:
    """The files below the example's folder that it needs to run, by their paths as written."""
    named: list[str] = []
    for _, side in example.workload.sides:
        named += [data.file for data in side.data_sets[1].values()]
    named += [stage.recorded.file for stage in example.shape.stages if stage.recorded is not None]
    for sender in (example.workload.http, example.workload.talks):
        named += sender.files if sender is not None else []
    if example.workload.runs is not None and example.workload.runs.input is not None:
        source = example.workload.runs.input
        named += [source.file] if source.file else []
        named += [word for word in source.generate or [] if (folder / word).is_file()]
    return [name for name in dict.fromkeys(named) if not Path(name).is_absolute()]


def write_entry(
    root: Path, example: WorkedExample, source: Path, baseline: Mapping[str, Any], page: str
) -> Path:
    """Freeze an example with its data and baseline; the folder appears whole or not at all."""
    target = root / FOLDER / example.name
    temporary = root / FOLDER / f".{example.name}.{os.getpid()}.tmp"
    replaced = temporary.with_suffix(".old")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        shutil.copyfile(source, temporary / EXAMPLE)
        for name in referenced_files(example, source.parent):
            copy = temporary / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source.parent / name, copy)
        smoke = target / SMOKE
        if smoke.exists():
            shutil.copyfile(smoke, temporary / SMOKE)
        files = {
            str(file.relative_to(temporary)): sha256(file)
            for file in sorted(temporary.rglob("*"))
            if file.is_file()
        }
        text = json.dumps({**baseline, "files": files}, indent=1) + "\n"
        (temporary / BASELINE).write_text(text, encoding="utf-8")
        (temporary / PAGE).write_text(page, encoding="utf-8")
        if target.exists():
            target.rename(replaced)
        temporary.rename(target)
    finally:
        if replaced.exists() and not target.exists():
            replaced.rename(target)
        for folder in (temporary, replaced):
            shutil.rmtree(folder, ignore_errors=True)
    return target


def add_smoke(entry: Entry, text: str, seconds: float) -> Path:
    """Keep a shrunk shape, whose run took ``seconds``, as the smoke test of an entry."""
    smoke = entry.folder / SMOKE
    digest = hashlib.sha256(text.encode()).hexdigest()
    files = {**entry.baseline.get("files", {}), SMOKE: digest}
    baseline = {**entry.baseline, "smoke_seconds": round(seconds, 1), "files": files}
    write_whole(smoke, text)
    write_whole(entry.folder / BASELINE, json.dumps(baseline, indent=1) + "\n")
    return smoke
