"""Random repositories: histories with merges, renames and deletions, written by git itself."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hypothesis import strategies as st

Tree = dict[str, str]

EXAMPLE = "worked_examples/x.yaml"
NAMES = (EXAMPLE, "worked_examples/y.yaml", "service/a.py", "old/a.py", "old/b.py", "docs/a.md")


# Half of the histories begin with the example: others seldom have it before the code.
FIRST = ((EXAMPLE,), (EXAMPLE, "old/a.py"), ("old/a.py",), ())


@dataclass(frozen=True)
class Made:
    """A commit: its parents by number, and all its files."""

    parents: tuple[int, ...]
    tree: Tree


def clean() -> dict[str, str]:
    """An environment in which no setting of whoever runs this has a say."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
    return kept | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}


def git(root: Path, *words: str, given: str | None = None) -> str:
    """What git prints."""
    return subprocess.run(
        ["git", "-C", str(root), *words],
        input=given, env=clean(), capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip


def is_before(root: Path, one: str, other: str) -> bool:
    """Whether a commit is a proper ancestor of another: git's own word."""
    words = ["git", "-C", str(root), "merge-base", "--is-ancestor", one, other]
    return one != other and subprocess.run(words, env=clean(), check=False).returncode == 0


@st.composite
def histories(draw: st.DrawFn, most: int = 9) -> list[Made]:
    """Up to ``most`` commits; the last one merges all that nobody has followed."""
    made = [Made((), {name: text(name, 0) for name in draw(st.sampled_from(FIRST))})]
    for number in range(1, draw(st.integers(3, most))):
        one = draw(st.integers(max(0, number - 3), number - 1))
        other = draw(st.integers(0, number - 1))
        is_merge = other != one and draw(st.integers(0, 2)) == 0
        tree = merged(draw, made[one].tree, made[other].tree) if is_merge else dict(made[one].tree)
        if not is_merge or draw(st.integers(0, 3)) == 0:
            for _ in range(draw(st.integers(1, 2))):
                change(draw, tree, number)
        made.append(Made((one, other) if is_merge else (one,), tree))
    followed = {parent for commit in made for parent in commit.parents}
    ends = [number for number in range(len(made)) if number not in followed]
    while len(ends) > 1:
        one, other, *ends = ends
        made.append(Made((one, other), merged(draw, made[one].tree, made[other].tree)))
        ends.append(len(made) - 1)
    return made


def merged(draw: st.DrawFn, one: Tree, other: Tree) -> Tree:
    """Each file as either side has it, or has it not."""
    found: Tree = {}
    for name in sorted({*one, *other}):
        tree = one if draw(st.booleans()) else other
        if name in tree:
            found[name] = tree[name]
    return found


def text(name: str, number: int | str) -> str:
    """Long enough to be known again after an edit."""
    return "".join(f"{name} {number} line {n}\n" for n in range(12))


def change(draw: st.DrawFn, tree: Tree, number: int) -> None:
    """Write, edit, move or remove a file."""
    name = draw(st.sampled_from(NAMES))
    to = draw(st.sampled_from(NAMES))
    verb = draw(st.sampled_from(["write", "write", "edit", "move", "remove"]))
    if verb == "write" or name not in tree:
        same = draw(st.integers(0, 3)) == 0  # the same text written twice, as by a picked commit
        tree[name] = text(name, "x" if same else number)
    elif verb == "edit":
        tree[name] += f"edited in {number}\n"
    elif verb == "move" and to != name:
        tree[to] = tree.pop(name)
    elif verb == "remove":
        del tree[name]


def write(root: Path, made: Sequence[Made]) -> list[str]:
    """The repository, checked out at the last commit; gives the commits' names."""
    git(root, "init", "-q", "-b", "main")
    parts = []
    for number, commit in enumerate(made):
        parts.append(f"commit refs/heads/c{number}\nmark :{number + 1}\n")
        parts.append(f"committer t <t@localhost> {1_600_000_000 + number} +0000\ndata 0\n\n")
        words = ("from", *["merge"] * 9)
        for word, parent in zip(words, commit.parents, strict=False):
            parts.append(f"{word} :{parent + 1}\n")
        parts.append("deleteall\n")
        for name, text in commit.tree.items():
            parts.append(f"M 100644 inline {name}\ndata {len(text)}\n{text}\n")
    git(root, "fast-import", "--quiet", given="".join(parts))
    git(root, "checkout", "-q", "-B", "main", f"c{len(made) - 1}")
    heads = git(root, "for-each-ref", "--format=%(refname:short) %(objectname)", "refs/heads/c*")
    by_name = dict(line.split() for line in heads.splitlines())
    return [by_name[f"c{number}"] for number in range(len(made))]
