"""Runbooks: ``runbooks/<phase>.md``, a page for each phase of a project, and what it commits to.

The front matter names the phase and its worked examples; it holds the seals that ``perfstress
seal`` writes, and the reasons for weakenings that somebody answers for. The rest is for people,
but for the sections that every runbook has.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from perfstress import frontmatter, sections
from perfstress.errors import Problem, UsageError
from perfstress.frontmatter import FrontMatter
from perfstress.regularfile import read_text
from perfstress.spelling import meant

FOLDER = "runbooks"
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,79}")

_KEYS = ("phase", "examples", "sealed", "weakened")
_SEAL = ("example", "blob", "commit", "at")
_ACCEPTED = ("example", "changes", "reason")
_OBJECT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_BAD_NAME = "small letters, digits, - and _, such as black-friday"


@dataclass(frozen=True, slots=True)
class Seal:
    """What was sealed: the git blob of an example's text, the commit that brought it, and that
    commit's time (ISO 8601).
    """

    example: str
    blob: str
    commit: str
    at: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """Weakenings of an example that somebody answers for: lines ``field: before -> after`` as
    ``lint`` prints them, and the reason.
    """

    example: str
    changes: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Runbook:
    """A phase's page as read. ``display`` is how messages call it; ``places`` say where each
    example is named (line, column), ``seal_places`` where each seal stands.
    """

    path: Path
    display: str
    phase: str
    title: str
    examples: tuple[str, ...]
    seals: tuple[Seal, ...] = ()
    accepted: tuple[Accepted, ...] = ()
    places: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    seal_places: tuple[tuple[int, int], ...] = ()

    def place_of(self, example: str) -> tuple[int, int]:
        """Line and column where an example is named."""
        return self.places.get(example, (1, 1))


def files(root: Path) -> list[Path]:
    """The runbooks of a project by name; a README beside them is none."""
    found = (root / FOLDER).glob("*.md")
    return sorted(path for path in found if path.stem.lower() != "readme" and path.is_file())


def read_all(root: Path, names: Sequence[str] = ()) -> tuple[list[Runbook], list[Problem]]:
    """Every runbook of a project, or those of the phases named, as far as they can be read, and
    every problem of them. Raises UsageError where there is none, or none of a name.
    """
    there = {path.stem: path for path in files(root)}
    if not there:
        raise UsageError(
            f"there are no runbooks: no page in {shown(root / FOLDER)}/",
            hint="perfstress runbook new PHASE  writes one",
            slug="no-runbooks",
        )
    for name in names:
        if name not in there:
            hint = meant(name, there) or f"the phases are {', '.join(there)}"
            raise UsageError(f"there is no runbook of {name!r}", hint=hint, slug="no-phase")
    read = [check(there[name]) for name in dict.fromkeys(names or there)]
    runbooks = [runbook for runbook, _ in read if runbook is not None]
    return runbooks, [problem for _, problems in read for problem in problems]


def check(path: Path) -> tuple[Runbook | None, list[Problem]]:
    """A runbook as far as it can be read, and every problem of the page itself."""
    name = str(shown(path))
    try:
        text = read_text(path, encoding="utf-8-sig")
    except UnicodeDecodeError:
        return None, [Problem(name, "not-utf8", "is not UTF-8", "save the file as UTF-8", 1, 1)]
    except OSError as error:
        return None, [Problem(name, "unreadable", f"cannot be read: {error.strerror}")]
    front, problems = frontmatter.read(text, name)
    if front is None:
        return None, [*problems, *sections.check(text, name, {})]
    page = _Page(front, name)
    runbook = page.runbook(path, text)
    told = [*page.problems, *sections.check(text, name, page.places)]
    return runbook, sorted(told, key=lambda problem: (problem.line, problem.column))


def shown(path: Path) -> Path:
    """The path as people would type it here."""
    try:
        return path.relative_to(Path.cwd())
    except ValueError:
        return path


# ---------------------------------------------------------------- the front matter
@dataclass(slots=True)
class _Page:
    """What is read of a front matter, and the problems noted on the way."""

    front: FrontMatter
    name: str
    problems: list[Problem] = field(default_factory=list)
    places: dict[str, tuple[int, int]] = field(default_factory=dict)
    seal_places: list[tuple[int, int]] = field(default_factory=list)

    def complain(
        self, slug: str, message: str, hint: str, *place: str | int, key: bool = False
    ) -> None:
        self.problems.append(
            Problem(self.name, slug, message, hint, *self.front.at(*place, key=key))
        )

    def runbook(self, path: Path, text: str) -> Runbook:
        self.keys(self.front.document, _KEYS, ("phase", "examples"))
        phase = self.word("phase") if "phase" in self.front.document else None
        if phase is not None and phase != path.stem:
            message = f"phase: {phase!r}, but the file is {path.name}"
            self.complain(
                "name-differs", message, f"phase: {path.stem}, or rename the file", "phase"
            )
        self.places = self.examples()
        heading = re.search(r"(?m)^# +(?:Phase: *)?(.+?) *$", text)
        return Runbook(
            path,
            self.name,
            path.stem,
            heading[1] if heading else path.stem,
            tuple(self.places),
            tuple(self.seals()),
            tuple(self.accepted()),
            self.places,
            tuple(self.seal_places),
        )

    def keys(
        self, found: Mapping[str, Any], known: Sequence[str], needed: Sequence[str],
        *place: str | int,
    ) -> bool:  # fmt: skip
        """Whether what is needed is there; what is missing or unknown is noted."""
        where = ".".join(map(str, place)) or "the front matter"
        for key in found:
            if key not in known:
                hint = meant(key, known) or f"the keys are {', '.join(known)}"
                message = f"{where}: {key!r} is not a key that belongs here"
                self.complain("unknown-key", message, hint, *place, key, key=True)
        missing = [key for key in needed if key not in found]
        for key in missing:
            self.complain("missing-key", f"{where}: {key!r} is missing", "add it here", *place)
        return not missing

    def word(self, *place: str | int) -> str | None:
        """A name, or None after a problem was noted."""
        value, where = self.front.text(*place), ".".join(map(str, place))
        if not isinstance(value, str) or not value:
            hint = f"write a name: {_BAD_NAME}"
            self.complain("wrong-type", f"{where}: a name belongs here", hint, *place)
        elif not NAME.fullmatch(value):
            self.complain("bad-name", f"{where}: {value!r} is not a name", _BAD_NAME, *place)
        else:
            return value
        return None

    def items(self, key: str, noun: str) -> list[Any]:
        """The items of a list; one that is missing or empty has none."""
        value = self.front.document.get(key, [])
        if isinstance(value, list):
            return value
        hint = f"{key}: [NAME]" if noun == "names" else f"{key}:, and below it  - {{…}}"
        self.complain("wrong-type", f"{key}: a list of {noun} belongs here", hint, key)
        return []

    def examples(self) -> dict[str, tuple[int, int]]:
        """Where each example is named."""
        places: dict[str, tuple[int, int]] = {}
        listed = self.items("examples", "names")
        for index in range(len(listed)):
            name = self.word("examples", index)
            if name is None:
                continue
            if name in places:
                message = f"{name} is named twice, first in line {places[name][0]}"
                self.complain("named-twice", message, "keep one of them", "examples", index)
                continue
            places[name] = self.front.at("examples", index)
        if not listed and isinstance(self.front.document.get("examples"), list):
            message = "the phase commits to no worked example"
            hint = "perfstress draft NAME --kind KIND --phase PHASE  writes one; name it here"
            self.complain("empty", message, hint, "examples")
        return places

    def mappings(self, key: str, known: Sequence[str]) -> Iterator[int]:
        """The places of the mappings of a list that have all their keys."""
        for index, item in enumerate(self.items(key, "mappings")):
            if not isinstance(item, Mapping):
                hint = f"{{{', '.join(f'{each}: …' for each in known)}}}"
                message = f"{key}.{index}: a mapping belongs here"
                self.complain("wrong-type", message, hint, key, index)
            elif self.keys(item, known, known, key, index):
                yield index

    def seals(self) -> Iterator[Seal]:
        for index in self.mappings("sealed", _SEAL):
            example = self.word("sealed", index, "example")
            found = {key: self.front.text("sealed", index, key) for key in _SEAL[1:]}
            for key in ("blob", "commit"):
                if not isinstance(found[key], str) or not _OBJECT.fullmatch(found[key]):
                    message = (
                        f"sealed.{index}.{key}: {found[key]!r} is not the name of a git object"
                    )
                    hint = "40 hexadecimal digits in quotes; perfstress seal EXAMPLE  writes them"
                    self.complain("bad-seal", message, hint, "sealed", index, key)
                    example = None
            if not isinstance(found["at"], str) or not re.match(r"\d{4}-\d\d-\d\dT", found["at"]):
                message = f"sealed.{index}.at: {found['at']!r} is not a time"
                hint = "such as 2026-11-20T17:00:00Z; perfstress seal EXAMPLE  writes it"
                self.complain("bad-seal", message, hint, "sealed", index, "at")
                example = None
            if example is not None:
                self.seal_places.append(self.front.at("sealed", index))
                yield Seal(example, found["blob"], found["commit"], found["at"])

    def accepted(self) -> Iterator[Accepted]:
        for index in self.mappings("weakened", _ACCEPTED):
            example = self.word("weakened", index, "example")
            item = self.front.document["weakened"][index]
            changes, reason = item["changes"], item["reason"]
            if not isinstance(changes, list) or not all(isinstance(each, str) for each in changes):
                message = f"weakened.{index}.changes: a list of changes belongs here"
                hint = 'as lint prints them: ["production.rate: 10/s -> 2/s"]'
                self.complain("wrong-type", message, hint, "weakened", index, "changes")
                continue
            if not isinstance(reason, str) or not reason.strip():
                message = f"weakened.{index}.reason: is empty"
                hint = "say why production does not need it"
                self.complain("empty", message, hint, "weakened", index, "reason")
                continue
            if example is not None:
                yield Accepted(example, tuple(changes), reason)
