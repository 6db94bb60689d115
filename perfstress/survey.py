"""Reads a project for the map of shapes: its worked examples, what was promoted, what was run."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from perfstress import archive, library, loading, runfile
from perfstress.errors import LibraryError, Problem, RunError, UsageError
from perfstress.example import WorkedExample
from perfstress.run import Manifest
from perfstress.shapemap.positions import Reach, reach_of
from perfstress.shapemap.targets import Mapped, State, Stressed, gathered

_FINAL: Mapping[str, State] = {"PASS": "passed", "FAIL": "failed", "INCONCLUSIVE": "inconclusive"}


@dataclass(frozen=True, slots=True)
class Survey:
    """A project as the map needs it: its targets, and the files that cannot be read as examples."""

    root: Path
    targets: tuple[Stressed, ...]
    unread: tuple[Problem, ...]

    def only(self, wanted: Sequence[str]) -> Survey:
        """The targets of some phases, or of some names; raises UsageError for what there is none
        of.
        """
        if not wanted:
            return self
        phases = sorted({phase for target in self.targets for phase in target.phases})
        names = [target.name for target in self.targets]
        if unknown := [word for word in wanted if word not in phases and word not in names]:
            raise UsageError(
                f"no worked example of phase {', '.join(unknown)}",
                hint=f"there are: {', '.join(phases) or 'none yet'}",
                slug="no-such-phase",
            )
        chosen = [
            target
            for target in self.targets
            if target.name in wanted or set(target.phases) & set(wanted)
        ]
        return Survey(self.root, tuple(chosen), self.unread)


def survey(root: Path) -> Survey:
    """Read everything; what cannot be read is told and left out."""
    reader = _Reader(root, {entry.name: entry for entry in library.entries(root)})
    mapped, unread = [], []
    for path in library.worked_examples(root):
        loaded, problems = loading.check(path, display=_short(path, root))
        if loaded is None:
            unread += problems[:1]
        else:
            mapped.append(reader.mapped(loaded))
    return Survey(root, tuple(gathered(mapped)), tuple(unread))


def _short(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()


@dataclass(slots=True)
class _Reader:
    """Examples that were read once are not read again: most runs are of the text that is there."""

    root: Path
    entries: Mapping[str, library.Entry]
    _known: dict[tuple[Path, str], WorkedExample | None] = field(default_factory=dict)

    def mapped(self, loaded: loading.Loaded) -> Mapped:
        """One example with all that is known of it."""
        example, folder = loaded.example, loaded.path.parent
        self._known[folder, loaded.source] = example
        left_out: Counter[str] = Counter()
        visited: dict[str, Reach] = {}
        state: State = "not run"
        for run in self._runs(example.name):
            outcome, why, reach = self._of_run(run, folder)
            state = _FINAL.get(outcome, state)
            if reach is not None:
                visited[str(reach)] = reach
            elif why:
                left_out[why] += 1
        entry = self.entries.get(example.name)
        if entry is not None and (reach := self._of_entry(entry)) is not None:
            visited[str(reach)] = reach
            state = "promoted"
        return Mapped(
            _short(loaded.path, self.root),
            example,
            state,
            reach_of(example, folder),
            tuple(visited.values()),
            dict(left_out),
        )

    def _runs(self, name: str) -> Iterator[Path]:
        """The runs of an example, the oldest first: their names begin with the time."""
        folder = self.root / archive.RUNS / name
        for run in sorted(folder.glob("*/"), key=lambda one: one.name):
            if (run / runfile.MANIFEST).is_file():
                yield run

    def _of_run(self, run: Path, folder: Path) -> tuple[str, str, Reach | None]:
        """The verdict of a run that stands for its example, or why it does not; and its reach."""
        try:
            manifest = runfile.read_manifest(run)
            result = json.loads((run / runfile.RESULT).read_text(encoding="utf-8"))
            outcome = str(result["verdict"])
        except (RunError, OSError, ValueError, KeyError, TypeError):
            return "", "without a verdict", None
        if why := _not_counted(manifest):
            return "", why, None
        if outcome not in ("PASS", "FAIL"):
            return outcome, "inconclusive", None
        example = self._example(run, folder)
        if example is None:
            return outcome, "of a format that is not known", None
        return outcome, "", reach_of(example, folder, _operations(result.get("load")))

    def _example(self, run: Path, folder: Path) -> WorkedExample | None:
        """The example as it was run."""
        try:
            source = (run / runfile.EXAMPLE_SOURCE).read_text(encoding="utf-8")
            if (folder, source) not in self._known:
                document = json.loads((run / runfile.EXAMPLE_DOCUMENT).read_text(encoding="utf-8"))
                self._known[folder, source] = WorkedExample.model_validate(document)
        except (OSError, ValueError, ValidationError):
            return None
        return self._known[folder, source]

    def _of_entry(self, entry: library.Entry) -> Reach | None:
        """The reach of a promoted example, which passed twice."""
        path = entry.folder / library.EXAMPLE
        try:
            library.check_frozen(entry)
            source = path.read_text(encoding="utf-8")
        except (LibraryError, OSError, UnicodeDecodeError):
            return None
        original = self.root / library.WORKED_EXAMPLES
        example = self._known.get((original, source))
        if example is None:
            loaded, _ = loading.check(path)
            example = loaded.example if loaded is not None else None
        if example is None:
            return None
        return reach_of(example, entry.folder, _operations(entry.baseline.get("summary")))


def _not_counted(manifest: Manifest) -> str:
    """Why a run shows nothing of the committed example, or nothing."""
    if manifest.state != "complete":
        return "not complete"
    if manifest.confirms:
        return "confirming another"
    if manifest.planted:
        return "with a planted leak"
    if manifest.overrides:
        return "with values changed by --set"
    return "reduced" if manifest.scale < 1 else ""


def _operations(load: Any) -> int | None:
    """The operations that a run counted; None where its format is older."""
    done = load.get("operations") if isinstance(load, Mapping) else None
    return done if isinstance(done, int) else None
