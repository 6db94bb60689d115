"""Random histories against a slow reference that knows every tree and asks git about every pair."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import example, given, settings

from perfstress import provenance
from perfstress.provenance import Provenance
from tests.support.repositories import EXAMPLE, Made, git, histories, is_before, text, write

PATHS = ["service/**"]


class Slow:
    """The definition, commit by commit: nothing is shared, and nothing is clever."""

    def __init__(self, root: Path, made: list[Made], shas: list[str]) -> None:
        self.root, self.made, self.shas = root, made, shas
        self.shown = [self.show(number) for number in range(len(made))]

    def show(self, number: int) -> list[tuple[str, list[tuple[str, str]]]]:
        """Each file that a commit changed: its path, and the status and path for each parent."""
        words = ["show", "--raw", "-c", "-M", "-l5000", "--combined-all-paths", "--format=", "-z"]
        printed = git(self.root, *words, "--no-rename-empty", self.shas[number])
        pieces = iter(printed.split("\0"))
        found = []
        for piece in pieces:
            if ":" not in piece[:2]:
                continue
            head = piece.lstrip("\n")
            count = head.count(":")
            status = head.split(" ")[-1]
            if count == 1:
                old = next(pieces)
                path = next(pieces) if status[0] == "R" else old
                found.append((path, [(status[0], old)]))
            else:
                olds = [next(pieces) for _ in range(count)]
                found.append((next(pieces), list(zip(status, olds, strict=True))))
        return found

    def life(
        self, name: str, number: int, but: frozenset[str] = frozenset()
    ) -> tuple[set[int], set[int], set[str]]:
        """The commits that added, and that edited, the file that a commit has under a name; without
        those at which it was called as ``but`` has it.
        """
        adds: set[int] = set()
        edits: set[int] = set()
        seen: set[tuple[str, int]] = set()
        todo = [(name, number)]
        while todo:
            name, number = todo.pop()
            if (name, number) in seen or name not in self.made[number].tree:
                continue
            seen.add((name, number))
            parents = self.made[number].parents
            changed = [parts for path, parts in self.shown[number] if path == name]
            if not changed:
                todo += [(name, parent) for parent in parents]
                continue
            (parts,) = changed
            if name not in but:
                (adds if all(status == "A" for status, _ in parts) else edits).add(number)
            pairs = zip(parts, parents, strict=len(parts) > 1 or bool(parents))
            todo += [(old, parent) for (status, old), parent in pairs if status != "A"]
        return adds, edits, {name for name, _ in seen}

    def touched(self, own: set[str]) -> set[int]:
        pattern = provenance.matcher(PATHS)
        found: set[int] = set()
        for number, changes in enumerate(self.shown):
            for path, parts in changes:
                names = {path, *(old for _, old in parts)} - own
                if any(pattern.fullmatch(name) for name in names):
                    found.add(number)
                if path in own or not pattern.fullmatch(path):
                    continue
                for (status, old), parent in zip(parts, self.made[number].parents, strict=False):
                    if status == "R" and not pattern.fullmatch(old):
                        # what was the example itself is no older life of the implementation
                        adds, edits, _ = self.life(old, parent, frozenset(own))
                        found |= adds | edits
        return found

    def state(self) -> str:
        if EXAMPLE not in self.made[-1].tree:
            return "too-late" if self.touched({EXAMPLE}) else "pending"
        adds, _, names = self.life(EXAMPLE, len(self.made) - 1)
        touched = self.touched(names)
        if not touched:
            return "pending"
        proper = [
            one
            for one in adds
            if all(is_before(self.root, self.shas[one], self.shas[t]) for t in touched)
        ]
        if len(proper) == len(adds):
            return "before"
        return "cannot-tell" if proper else "too-late"


ON_ONE_BRANCH_THE_EXAMPLE_BECAME_CODE = [
    Made((), {EXAMPLE: text(EXAMPLE, 0)}),
    Made((0,), {EXAMPLE: text(EXAMPLE, "x")}),
    Made((1,), {"service/a.py": text(EXAMPLE, "x")}),
    Made((0,), {EXAMPLE: text(EXAMPLE, "x")}),
    Made((2, 3), {EXAMPLE: text(EXAMPLE, "x")}),
]


@given(made=histories())
@example(made=ON_ONE_BRANCH_THE_EXAMPLE_BECAME_CODE)
@settings(max_examples=30, deadline=None)
def test_no_history_yields_a_false_before(made: list[Made]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        shas = write(root, made)
        seen = told(root)
        expected = Slow(root, made, shas).state()
        if seen.state == "before":
            assert expected == "before" or (expected == "cannot-tell" and added_alike(made))
        elif not deletes(made):
            assert seen.state == expected


def told(root: Path) -> Provenance:
    return provenance.states(root, {root / EXAMPLE: PATHS})[root / EXAMPLE]


def deletes(made: list[Made]) -> bool:
    """Whether a file was ever there and then not: its older life may count as its own then, which
    can only speak against an example.
    """
    return any(set(made[p].tree) - set(each.tree) for each in made for p in each.parents)


def added_alike(made: list[Made]) -> bool:
    """Whether the example was written more than once, each time with the same text."""
    texts = [
        each.tree[EXAMPLE]
        for each in made
        if EXAMPLE in each.tree and not any(EXAMPLE in made[p].tree for p in each.parents)
    ]
    return len(texts) > 1 and len(set(texts)) < len(texts)
