"""``perfstress lint``: every problem of every file, and whether each came before its code."""

from __future__ import annotations

import dataclasses
import gc
import json
import os
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, TextIO

from perfstress import library, loading, mending, provenance, rules, sarif
from perfstress.errors import ExitCode, Problem, UsageError
from perfstress.example import Implementation
from perfstress.provenance import Provenance
from perfstress.wholefile import write_whole

_UNREAD = "the example cannot be read yet"


@dataclasses.dataclass(frozen=True, slots=True)
class Report:
    """One file: its problems in order, and its provenance."""

    path: Path
    problems: tuple[Problem, ...]
    provenance: Provenance

    def as_json(self) -> dict[str, Any]:
        """The file's entry of ``lint --json``."""
        return {
            "path": str(self.path),
            "problems": [
                {
                    "slug": problem.slug,
                    "line": problem.line,
                    "column": problem.column,
                    "message": problem.message,
                    "hint": problem.hint,
                }
                for problem in self.problems
            ],
            "provenance": self.provenance.as_json(),
        }


def lint(
    paths: Sequence[Path],
    *,
    as_json: bool,
    out: TextIO,
    err: TextIO,
    fix: bool = False,
    sarif_file: Path | None = None,
) -> ExitCode:
    """Lint files, and the examples in folders; without any, those of the project. With ``fix`` put
    their checksums right first; ``sarif_file`` gets the problems as SARIF.

    Exits with USAGE when there is a problem, an example that came too late included. Pending and
    cannot-tell are told and are no problem.
    """
    was_collecting = gc.isenabled()
    gc.disable()  # trees of a thousand files are no garbage: looking for it takes half of the time
    try:
        files = list(_files(paths))
        if fix:
            _mend(files, err if as_json else out)
        reports = _reports(files)
    finally:
        if was_collecting:
            gc.enable()
    if as_json:
        json.dump({"files": [report.as_json() for report in reports]}, out, indent=2)
        out.write("\n")
    _tell(reports, err if as_json else out)
    if sarif_file is not None:
        _write_sarif(reports, sarif_file)
    return ExitCode.USAGE if any(report.problems for report in reports) else ExitCode.PASS


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    """The files to lint, each once; a folder without examples stands for itself."""
    if not paths:
        root = provenance.root_of(Path.cwd())
        folders = [root / library.WORKED_EXAMPLES, root / library.FOLDER]
        found = [file for folder in folders if folder.is_dir() for file in _examples(folder)]
        paths = [_short(file) for file in found] or [_short(folders[0])]
    seen: set[str] = set()
    for path in paths:
        for file in (_examples(path) or [path]) if path.is_dir() else [path]:
            if (real := os.path.realpath(file)) not in seen:
                seen.add(real)
                yield file


def _examples(folder: Path) -> list[Path]:
    """The examples of a folder, and those promoted into folders in it."""
    promoted = [path for path in folder.glob(f"*/{library.EXAMPLE}") if path.is_file()]
    return library.examples_below(folder) + sorted(promoted)


def _short(path: Path) -> Path:
    """The path as people would type it here."""
    try:
        return path.relative_to(Path.cwd())
    except ValueError:
        return path


def _reports(files: Sequence[Path]) -> list[Report]:
    """Every file's report; the history of each work tree is read once, while files are read."""
    root_of = cache(provenance.root_of)
    roots = {path: root_of(path if path.is_symlink() else path.parent) for path in files}
    histories = {root: provenance.begin(root) for root in dict.fromkeys(roots.values())}
    read = {path: _read(path, roots[path]) for path in files}
    asked: dict[Path, dict[Path, Implementation]] = {}
    for path, (loaded, _) in read.items():
        if loaded is not None:
            committed = library.original_of(path, loaded.example.name, roots[path])
            asked.setdefault(roots[path], {})[committed] = loaded.example.implementation
    known = {
        committed: origin
        for root, examples in asked.items()
        for committed, origin in provenance.states(
            root, examples, rules.weakening, histories[root]
        ).items()
    }
    reports = []
    for path, (loaded, problems) in read.items():
        origin = Provenance("cannot-tell", reason=_UNREAD)
        if loaded is not None:
            origin = known[library.original_of(path, loaded.example.name, roots[path])]
            if origin.state == "too-late":
                problems = [*problems, _too_late(loaded, origin)]
        reports.append(Report(path, tuple(problems), origin))
    return reports


def _read(path: Path, root: Path) -> tuple[loading.Loaded | None, list[Problem]]:
    if path.is_dir() or not (os.path.lexists(path) or path.suffix):
        hint = "perfstress draft NAME --kind load  writes one"
        return None, [Problem(str(path), "no-examples", "there are no worked examples here", hint)]
    loaded, problems = loading.check(path)
    if loaded is not None:
        problems += rules.check(loaded, root)
    return loaded, problems


def _too_late(loaded: loading.Loaded, origin: Provenance) -> Problem:
    at = loaded.positions["implementation", "paths"]
    return Problem(
        loaded.display,
        "too-late",
        f"implementation.paths: {origin.reason}",
        "commit the next example before its code, or seal it before a squash; this one can be "
        "run, but it promised nothing",
        at.line,
        at.column,
    )


def _mend(files: Sequence[Path], out: TextIO) -> None:
    for path in files:
        for mended in mending.mend(path):
            out.write(f"fixed {mended}\n")


def _write_sarif(reports: Sequence[Report], file: Path) -> None:
    root = provenance.root_of(Path.cwd())
    told = [(each.path, each.problems, list(_weakenings(each.provenance))) for each in reports]
    text = json.dumps(sarif.document(told, root), indent=1) + "\n"
    try:
        write_whole(file, text)
    except OSError as error:
        raise UsageError(
            f"--sarif {file}: cannot be written: {error.strerror}",
            hint="name a file in a folder that is there",
            slug="unwritable",
        ) from error


# ---------------------------------------------------------------- for people
def _tell(reports: Sequence[Report], out: TextIO) -> None:
    for report in reports:
        for problem in report.problems:
            out.write(f"{problem}\n")
        if report.path.name == library.SMOKE and report.provenance.reason != _UNREAD:
            out.write(f"{report.path}: reduced: a shrunk shape, never in place of the whole\n")
        if line := _origin_line(report.provenance):
            out.write(f"{report.path}: {line}\n")
        for text in _weakenings(report.provenance):
            out.write(f"{report.path}: {text}\n")
    count = sum(len(report.problems) for report in reports)
    said = _plural(count, "problem") if count else "no problems"
    out.write(f"{_plural(len(reports), 'file')}, {said}\n")


def _weakenings(origin: Provenance) -> Iterator[str]:
    """Each later edit that weakened an example, as a line."""
    for change in origin.weakened:
        before, after = _shown(change["before"]), _shown(change["after"])
        commit = str(change["commit"])
        short = commit if commit == provenance.UNCOMMITTED else commit[:7]
        yield f"weakened in {short}: {change['field']}: {before} -> {after}"


def _origin_line(origin: Provenance) -> str:
    if origin.state == "before" and origin.reason:
        return f"before its implementation: {origin.reason}"
    if origin.state == "before":
        added, first = (origin.example_commit or "")[:7], (origin.implementation_commit or "")[:7]
        return f"before its implementation (added in {added}, implemented from {first} on)"
    if origin.state == "too-late":
        return ""  # told as a problem
    if origin.reason == _UNREAD:
        return ""  # its problems say more
    return f"{origin.state}: {origin.reason}"


def _shown(value: Any) -> str:
    return "nothing" if value is None else str(value)


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
