"""How far each worked example of a phase has come, from git, the kept runs and the library.

Nothing of it is written down by hand: a state that somebody has to keep is a state that is wrong.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from perfstress import library, loading, proofs, provenance
from perfstress.errors import Problem
from perfstress.library import Entry
from perfstress.loading import Loaded
from perfstress.phases import Runbook, Seal, shown
from perfstress.proofs import Judged
from perfstress.provenance import Compare, Provenance

State = Literal[
    "missing", "unreadable", "failing", "too late", "weakened", "promoted", "discovered",
    "implementation begun", "committed", "drafted", "cannot tell",
]  # fmt: skip
# Of what holds, the first is what has to be known first.
STATES: tuple[State, ...] = State.__args__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Standing:
    """One example of a phase and all that holds of it.

    ``unanswered`` are the weakenings for which the runbook states no reason. ``promoted`` is the
    entry of the library, ``renewed`` says that the example is another than the promoted one.
    ``sealed`` is its last seal.
    """

    phase: str
    example: str
    path: Path | None = None
    loaded: Loaded | None = None
    problems: tuple[Problem, ...] = ()
    origin: Provenance | None = None
    unanswered: tuple[Mapping[str, Any], ...] = ()
    run: Judged | None = None
    promoted: Entry | None = None
    renewed: bool = False
    sealed: Seal | None = None

    @property
    def states(self) -> tuple[State, ...]:
        """Everything that holds, the strongest statement first; weakened is the last where somebody
        answers for it.
        """
        holds = set(self._holding())
        in_order = tuple(state for state in STATES if state in holds)
        excused = self.origin is not None and self.origin.weakened and not self.unanswered
        return (*in_order, "weakened") if excused else in_order

    def _holding(self) -> Iterator[State]:
        if self.path is None:
            yield "missing"
        elif self.loaded is None:
            yield "unreadable"
        if self.run is not None and self.run.verdict == "FAIL":
            yield "failing"
        if self.run is not None and self.run.current:
            yield "discovered"
        if self.promoted is not None:
            yield "promoted"
        if self.unanswered:
            yield "weakened"
        if self.origin is not None:
            yield from self._of_git(self.origin)

    def _of_git(self, origin: Provenance) -> Iterator[State]:
        if origin.state == "cannot-tell":
            yield "cannot tell"
            return
        yield "drafted" if origin.example_commit is None else "committed"
        if origin.implementation_commit is not None:
            yield "implementation begun"
        if origin.state == "too-late":
            yield "too late"

    def as_json(self) -> dict[str, Any]:
        """The example's entry of ``runbook status --json``."""
        run, entry = self.run, self.promoted
        return {
            "example": self.example,
            "path": None if self.path is None else str(shown(self.path)),
            "state": self.states[0],
            "states": list(self.states),
            "provenance": None if self.origin is None else self.origin.as_json(),
            "unanswered": [dict(each) for each in self.unanswered],
            "run": None
            if run is None
            else {
                "path": str(shown(run.folder)),
                "at": run.at,
                "verdict": run.verdict,
                "current": run.current,
            },
            "promoted": None
            if entry is None
            else {
                "commit": entry.baseline.get("commit"),
                "at": entry.baseline.get("promoted_at"),
                "current": not self.renewed,
                "problem": None if entry.problem is None else entry.problem.message,
            },
            "sealed": None if self.sealed is None else dataclasses.asdict(self.sealed),
            "problems": len(self.problems),
        }


def standings(root: Path, runbooks: Sequence[Runbook], compare: Compare) -> list[Standing]:
    """Every example that the runbooks name, in their order; ``compare`` tells weakened fields.

    The history of the work tree is read once for all of them.
    """
    reading = provenance.begin(root)  # git prints while the examples are read
    files = {path.stem: path for path in reversed(library.worked_examples(root))}
    named = {name: files.get(name) for runbook in runbooks for name in runbook.examples}
    read = {path: loading.check(path) for path in named.values() if path is not None}
    patterns = {
        path: loaded.example.implementation
        for path, (loaded, _) in read.items()
        if loaded is not None
    }
    origins = provenance.states(root, patterns, compare, reading) if patterns else {}
    promoted = {entry.name: entry for entry in library.entries(root)}
    with proofs.kept(root) as runs:
        return [
            _standing(runbook, name, named[name], read, origins, promoted.get(name), runs)
            for runbook in runbooks
            for name in runbook.examples
        ]


def _standing(
    runbook: Runbook,
    name: str,
    path: Path | None,
    read: Mapping[Path, tuple[Loaded | None, list[Problem]]],
    origins: Mapping[Path, Provenance],
    entry: Entry | None,
    runs: proofs.Kept,
) -> Standing:
    loaded, problems = (None, []) if path is None else read[path]
    origin = None if path is None else origins.get(path)
    text = _text(path)
    frozen = None if entry is None else _text(entry.folder / library.EXAMPLE)
    return Standing(
        phase=runbook.phase,
        example=name,
        path=path,
        loaded=loaded,
        problems=tuple(problems),
        origin=origin,
        unanswered=tuple(_unanswered(runbook, name, origin)),
        run=runs.newest(name, text, _frozen(entry)),
        promoted=entry,
        renewed=frozen is not None and frozen != text,
        sealed=next((s for s in reversed(runbook.seals) if s.example == name), None),
    )


def change_line(change: Mapping[str, Any]) -> str:
    """A weakening in words, as ``lint`` prints it and as a runbook answers for it."""
    before, after = (
        "nothing" if change[side] is None else str(change[side]) for side in ("before", "after")
    )
    return f"{change['field']}: {before} -> {after}"


def answered(runbook: Runbook, example: str) -> set[str]:
    """The weakenings of an example for which a runbook states a reason."""
    return {
        line for entry in runbook.accepted if entry.example == example for line in entry.changes
    }


def _unanswered(
    runbook: Runbook, example: str, origin: Provenance | None
) -> Iterator[Mapping[str, Any]]:
    known = answered(runbook, example)
    for change in origin.weakened if origin is not None else ():
        if change_line(change) not in known:
            yield change


def _frozen(entry: Entry | None) -> set[str]:
    """What the library runs of an example."""
    files = () if entry is None else (library.EXAMPLE, library.SMOKE)
    texts = (_text(entry.folder / file) for file in files if entry is not None)
    return {text for text in texts if text is not None}


def _text(path: Path | None) -> str | None:
    try:
        return None if path is None else path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
