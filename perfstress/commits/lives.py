"""The lives of files: where each came into being, who edited it, and under which names; and which
commits touched what fits a pattern.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from perfstress.commits.history import Change, Commit, History
from perfstress.commits.patterns import Patterns

Pair = tuple[str, int]


@dataclass(slots=True)
class Life:
    """One file of HEAD: the commits that added it (more than one where branches did so side by
    side), its later edits, each oldest first, and its names.

    ``was_gone`` says that a file of one of its names was taken away at some time, here or there.
    """

    names: set[str]
    adds: list[tuple[int, str]] = field(default_factory=list)  # the commit and the blob
    edits: list[tuple[int, Change]] = field(default_factory=list)
    was_gone: bool = False


class Follower:
    """Walks a history once, from the newest commit back, and follows all files of interest at once.

    What is followed is a set of pairs of a name and whose file it is: an example's number, or -1
    less the number of a pattern that the file came to fit by a rename. The set is handed on from a
    commit to its parents as it is, and copied only where a commit changes it or branches part; so a
    thousand files in twenty thousand commits cost little more than one.

    A merge that took a file as one parent has it shows nothing, so the file is followed into every
    parent; where it was not there, an older deletion ends the walk.
    """

    def __init__(self, history: History, files: Mapping[str, int], patterns: Patterns) -> None:
        self.lives = {number: Life({name}) for name, number in files.items()}
        self.touches: list[dict[int, set[str]]] = [{} for _ in patterns.all]
        self.submodules: list[set[str]] = [set() for _ in patterns.all]
        self._patterns = patterns
        self._wanted: dict[str, set[int]] = {name: {number} for name, number in files.items()}
        self._carried: list[set[Pair] | None] = [None] * len(history.commits)
        if self._carried:
            self._carried[-1] = set(files.items())
        for place in range(len(history.commits) - 1, -1, -1):
            self._visit(place, history.commits[place])
        for life in self.lives.values():
            life.adds.reverse()
            life.edits.reverse()

    def _visit(self, place: int, commit: Commit) -> None:
        here, self._carried[place] = self._carried[place] or set(), None
        ended: set[Pair] = set()
        begun: list[set[Pair]] = [set() for _ in commit.parents]
        for change in commit.changes:
            if change.path in self._wanted or any(old in self._wanted for old in change.olds):
                self._follow(place, change, here, ended, begun)
            self._match(place, change, begun)
        kept = here - ended if ended else here
        for parent, more in zip(commit.parents, begun, strict=True):
            self._hand_on(parent, kept | more if more else kept)

    def _hand_on(self, parent: int, pairs: set[Pair]) -> None:
        there = self._carried[parent]
        if there is None:
            self._carried[parent] = pairs
        elif there is not pairs and not pairs <= there:
            self._carried[parent] = there | pairs

    def _follow(
        self, place: int, change: Change, here: set[Pair], ended: set[Pair], begun: list[set[Pair]]
    ) -> None:
        """Those of the files that this change is of: note it, and say what they were called before.

        A name that a rename took away is the end of whatever was followed under it, except where
        the same commit puts another file there, which is a change of its own.
        """
        for name in change.names:
            for number in self._wanted.get(name, ()):
                if number >= 0 and (change.is_gone or name != change.path):
                    self.lives[number].was_gone |= name in self.lives[number].names
                pair = (name, number)
                if pair not in here:
                    continue
                ended.add(pair)
                if name == change.path and not change.is_gone:
                    self._note(place, change, number)
                    olds = zip(change.statuses, change.olds, begun, strict=False)
                    for status, old, before in olds:
                        if status != "A":
                            before.add((old, number))
                            self._want(old, number)

    def _want(self, name: str, number: int) -> None:
        self._wanted.setdefault(name, set()).add(number)
        if number >= 0:
            self.lives[number].names.add(name)

    def _note(self, place: int, change: Change, number: int) -> None:
        if number < 0:
            self.touches[-1 - number].setdefault(place, set()).add(change.path)
        elif set(change.statuses) == {"A"}:
            self.lives[number].adds.append((place, change.blob))
        else:
            self.lives[number].edits.append((place, change))

    def _match(self, place: int, change: Change, begun: list[set[Pair]]) -> None:
        """Note what fits a pattern; follow what came to fit by a rename."""
        patterns = self._patterns
        fits = patterns.inside if change.is_submodule else patterns.fitting
        is_plain = change.olds == (change.path,)
        for name in (change.path,) if is_plain else change.names:
            for pattern in fits(name):
                self.touches[pattern].setdefault(place, set()).add(name)
                if change.is_submodule:
                    self.submodules[pattern].add(name)
        if is_plain or change.is_gone:
            return
        for pattern in fits(change.path):
            for old, before in zip(change.olds, begun, strict=False):
                if old != change.path and pattern not in fits(old):
                    before.add((old, -1 - pattern))
                    self._want(old, -1 - pattern)
