"""What a bisection knows so far, its ends and its steps; on disk after each of them."""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from perfstress import ownfolder
from perfstress.bisecting.commits import Commit
from perfstress.errors import LibraryError, UsageError
from perfstress.wholefile import write_whole

FOLDER = ownfolder.OWN / "bisect"
FILE = "bisection.json"
# History of the format. 1: the first.
VERSION = 1

Mark = Literal["good", "bad", "skip"]


@dataclass(frozen=True, slots=True)
class Step:
    """One commit and what came of it; ``why`` says it in a sentence, ``findings`` are the summaries
    of what failed there.
    """

    commit: Commit
    mark: Mark
    why: str
    verdict: str
    evidence: str
    findings: tuple[str, ...] = ()
    seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """Plain data, the inverse of ``from_json``."""
        return dataclasses.asdict(self)

    @staticmethod
    def from_json(data: Any) -> Step:
        """The step that ``as_json`` wrote."""
        plain = {**data, "commit": Commit(**data["commit"]), "findings": tuple(data["findings"])}
        return Step(**plain)


@dataclass(frozen=True, slots=True)
class Log:
    """A bisection: ``example`` is its file from the root of the project, ``digest`` its checksum;
    ``wanted`` the findings that make a commit bad, as class and resource: those of the bad end;
    with a ``metric`` it is bad where that is worse by ``worse_than``.
    """

    name: str
    example: str
    digest: str
    good: str
    bad: str
    times: int = 1
    metric: str = ""
    worse_than: float = 0.0
    wanted: tuple[tuple[str, str], ...] = ()
    steps: tuple[Step, ...] = ()
    done: bool = False

    @property
    def goods(self) -> list[str]:
        """The commits that passed."""
        return [step.commit.sha for step in self.steps if step.mark == "good"]

    @property
    def skipped(self) -> set[str]:
        """The commits that cannot be told."""
        return {step.commit.sha for step in self.steps if step.mark == "skip"}

    @property
    def first_bad(self) -> str:
        """The bad commit that the last step which failed was at; the bad end before any."""
        bad = [step.commit.sha for step in self.steps if step.mark == "bad"]
        return bad[-1] if bad else self.bad

    def step_of(self, sha: str) -> Step | None:
        """What is known of a commit."""
        return next((step for step in self.steps if step.commit.sha == sha), None)

    def with_step(self, step: Step) -> Log:
        """The log with one more step."""
        return dataclasses.replace(self, steps=(*self.steps, step))

    def in_words_of_git(self, first_bad: Commit | None, suspects: Sequence[Commit]) -> str:
        """The bisection as ``git bisect log`` prints it; ``git bisect replay`` reads it."""
        lines = ["git bisect start"]
        for step in self.steps:
            at = f"[{step.commit.sha}] {step.commit.subject}"
            lines += [f"# {step.mark}: {at}", f"git bisect {step.mark} {step.commit.sha}"]
        if first_bad is not None:
            lines.append(f"# first bad commit: [{first_bad.sha}] {first_bad.subject}")
        else:
            lines += ["# only skipped commits left to test"] if suspects else []
            lines += [f"# possible first bad commit: [{c.sha}] {c.subject}" for c in suspects]
        return "\n".join(lines) + "\n"


def folder_of(root: Path, name: str) -> Path:
    """Where a bisection keeps its evidence."""
    return root / FOLDER / name


@contextlib.contextmanager
def alone(root: Path, name: str) -> Iterator[None]:
    """Nobody else bisects the same example meanwhile; raises UsageError where somebody does. The
    kernel frees the lock of a process that dies.
    """
    folder = folder_of(root, name)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{name}.lock").open("ab") as file:
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(
                f"{name}: another process is bisecting it",
                hint=f"wait for it, or end it and go on with  perfstress bisect {name} --resume",
                slug="bisect-under-way",
            ) from None
        yield


def write(root: Path, log: Log) -> None:
    """Put the log on disk, whole."""
    folder = folder_of(root, log.name)
    folder.mkdir(parents=True, exist_ok=True)
    data = {"version": VERSION, **dataclasses.asdict(log)}
    write_whole(folder / FILE, json.dumps(data, indent=1) + "\n")


def read(root: Path, name: str) -> Log | None:
    """The log of an example's last bisection, None where there is none. Raises LibraryError."""
    path = folder_of(root, name) / FILE
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        version = data.pop("version")
        if version != VERSION:
            raise ValueError(f"version {version!r}; this perfstress knows {VERSION}")
        data["wanted"] = tuple((kind, resource) for kind, resource in data["wanted"])
        data["steps"] = tuple(Step.from_json(step) for step in data["steps"])
        return Log(**data)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise LibraryError(
            f"{path}: cannot be read: {error}",
            hint=f"remove {path.parent} and begin anew",
            slug="damaged-bisection",
        ) from error
