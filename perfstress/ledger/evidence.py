"""What runs and git prove: findings of a failing run, and the commits that found and mended it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from perfstress import archive, provenance, runfile
from perfstress.errors import LibraryError, ProvenanceError, RunError, UsageError
from perfstress.ledger.catch import Catch
from perfstress.run import Manifest, Run

# The trailer of a commit's message that says what it mends: ``Mends: EXAMPLE CLASS``.
TRAILER = "Mends"


def caught_in(run: Path, root: Path, mended: str | None = None) -> list[Catch]:
    """What a failing run found; ``mended`` is the commit that ended it, where that is known.

    Raises LibraryError where the run has caught nothing, RunError where it cannot be read, and
    UsageError where git has no such commit.
    """
    manifest, result = runfile.read_manifest(run), _result(run)
    if result.get("verdict") != "FAIL":
        raise LibraryError(
            f"{run}: says {result.get('verdict', 'nothing')}, so it has caught nothing",
            hint="only a run that failed has",
            slug="nothing-caught",
        )
    if manifest.planted:
        raise LibraryError(
            f"{run}: the leak in it was planted: {', '.join(manifest.planted)}",
            hint="what perfstress plants is no catch",
            slug="nothing-caught",
        )
    commit = None if mended is None else commit_of(root, mended)
    found = list(_catches(run, manifest, result))
    if not found:
        raise LibraryError(
            f"{run}: failed without a finding, so there is nothing to name",
            hint=f"perfstress judge {run}",
            slug="nothing-caught",
        )
    return [dataclasses.replace(one, mended=commit) for one in found]


def caught_before(root: Path, run: Run) -> list[Catch]:
    """What earlier runs of the same example found that this passing one, which is about to be
    promoted, does not find any more; empty where git does not prove it.

    Proved is: the run was of the same text at full scale, its commit is an ancestor of this one's
    and another one, and a commit between them touched the implementation. Where it was one commit
    alone, that one mended it; else it was mended by this run's commit at the latest. Of several
    runs that found the same, the first counts, and the last says where the mending began.
    """
    here = run.manifest.git.get("commit")
    if here is None or run.example.implementation.repo is not None:
        return []  # of code elsewhere the history here proves nothing
    source = (run.path / runfile.EXAMPLE_SOURCE).read_bytes()
    paths = run.example.implementation.paths
    first: dict[tuple[str, str], Catch] = {}
    last: dict[tuple[str, str], str] = {}
    for path, manifest, result in _failing(root, run):
        commit = manifest.git.get("commit")
        if (path / runfile.EXAMPLE_SOURCE).read_bytes() != source or not commit:
            continue
        for one in _catches(path, manifest, result):
            first.setdefault((one.kind, one.resource), one)
            last[one.kind, one.resource] = commit
    proved = []
    for what, one in first.items():
        between = _touching(root, last[what], here, paths)
        if between:
            exact = len(between) == 1
            mended = between[0] if exact else here
            proved.append(dataclasses.replace(one, mended=mended, at_the_latest=not exact))
    return proved


def with_trailers(root: Path, catches: Sequence[Catch]) -> list[Catch]:
    """The catches, those that no line says to be mended with the commit whose message says so."""
    said = (
        _trailers(root) if any(one.mended is None or one.at_the_latest for one in catches) else {}
    )
    told = []
    for one in catches:
        commit = said.get((one.example, one.kind)) or said.get((one.example, ""))
        if commit and (one.mended is None or one.at_the_latest):
            one = dataclasses.replace(one, mended=commit, at_the_latest=False)
        told.append(one)
    return told


def commit_of(root: Path, said: str) -> str:
    """The whole name of a commit; raises UsageError where git has none."""
    try:
        return provenance.git_says(
            root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{said}^{{commit}}"
        ).strip()
    except ProvenanceError as error:
        raise UsageError(
            f"{said!r} is not a commit of this repository",
            hint="git log  has them",
            slug="no-commit",
        ) from error


def unknown_commits(root: Path, catches: Sequence[Catch]) -> set[str]:
    """The commits of the ledger that this clone does not have, so that they prove nothing here."""
    named = {commit for one in catches for commit in (one.found, one.mended) if commit}
    missing = set()
    for commit in named:
        try:
            provenance.git_says(root, "cat-file", "-e", f"{commit}^{{commit}}")
        except ProvenanceError:
            missing.add(commit)
    return missing


# ---------------------------------------------------------------- runs
def _failing(root: Path, run: Run) -> Iterator[tuple[Path, Manifest, Mapping[str, Any]]]:
    """The failing full-scale runs of the same example that are kept, the oldest first."""
    folder = root / archive.RUNS / run.example.name
    for path in sorted(folder.glob("*/"), key=lambda one: one.name):
        if path.resolve() == run.path.resolve():
            continue
        try:
            manifest, result = runfile.read_manifest(path), _result(path)
        except RunError:
            continue
        plain = not (manifest.planted or manifest.overrides or manifest.confirms)
        plain = plain and manifest.scale >= 1 and manifest.state == "complete"
        if plain and result.get("verdict") == "FAIL":
            yield path, manifest, result


def _result(run: Path) -> Mapping[str, Any]:
    try:
        result = json.loads((run / runfile.RESULT).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunError(
            f"{run}: has no verdict beside it",
            hint=f"perfstress judge {run}",
            slug="no-verdict",
        ) from error
    if not isinstance(result, dict):
        raise RunError(f"{run / runfile.RESULT}: damaged", slug="damaged-run")
    return result


def _catches(run: Path, manifest: Manifest, result: Mapping[str, Any]) -> Iterator[Catch]:
    changed = []
    if manifest.scale < 1:
        changed.append(f"reduced to {manifest.scale:g}")
    changed += [f"{place} set to {value}" for place, value in manifest.overrides.items()]
    seconds = _seconds(run)
    if manifest.confirmed_by:
        seconds += _seconds(run / manifest.confirmed_by)
    for finding in result.get("findings", ()):
        if finding.get("fails"):
            yield Catch(
                example=manifest.example,
                kind=str(finding["class"]),
                resource=str(finding.get("resource", "")),
                label=str(finding.get("label", "")),
                per_op=finding.get("per_op"),
                unit=str(finding.get("unit", "")),
                summary=str(finding.get("summary", "")),
                run=run.resolve().name,
                found=manifest.git.get("commit"),
                found_at=manifest.zero,
                dirty=bool(manifest.git.get("dirty")),
                seconds=round(seconds, 1),
                processes=int(result.get("generator", {}).get("processes", 1)),
                changed=", ".join(changed),
            )


def _seconds(run: Path) -> float:
    """How long a run took, by the last thing that happened in it; 0 where that is not known."""
    latest = 0.0
    try:
        with (run / runfile.EVENTS).open(encoding="utf-8", errors="replace") as file:
            for line in file:
                try:
                    latest = max(latest, float(json.loads(line)["t"]))
                except (ValueError, KeyError, TypeError):
                    continue  # a torn last line
    except OSError:
        return 0.0
    return latest


# ---------------------------------------------------------------- git
def _touching(root: Path, found: str, here: str, paths: Sequence[str]) -> list[str]:
    """The commits after ``found`` up to ``here`` that touched the implementation; none where the
    one is not an ancestor of the other, or the same.
    """
    try:
        provenance.git_says(root, "merge-base", "--is-ancestor", found, here)
        said = provenance.git_says(
            root, "log", "--format=%x01%H", "--name-only", "--no-renames", f"{found}..{here}"
        )
    except ProvenanceError:
        return []
    fits = provenance.matcher(paths)
    touching = []
    for record in said.split("\x01")[1:]:
        commit, *names = record.split("\n")
        if any(fits.fullmatch(name) for name in names if name):
            touching.append(commit.strip())
    return touching


def _trailers(root: Path) -> dict[tuple[str, str], str]:
    """What messages of commits say that they mend: example and class (or none), the newest first
    commit that says it; nothing where git cannot be asked.
    """
    form = f"%H%x09%(trailers:key={TRAILER},valueonly,separator=%x09)"
    try:
        said = provenance.git_says(root, "log", "--no-show-signature", f"--format={form}", "HEAD")
    except ProvenanceError:
        return {}
    found: dict[tuple[str, str], str] = {}
    for line in said.splitlines():
        commit, *values = line.split("\t")
        for value in values:
            words = value.split()
            if words:
                found.setdefault((words[0], words[1] if len(words) > 1 else ""), commit)
    return found
