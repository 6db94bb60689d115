"""What is stressed: the examples of one target side by side, whichever phase they belong to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from perfstress.example import WorkedExample
from perfstress.shapemap.orderings import ORDERINGS, reachable
from perfstress.shapemap.positions import Envelope, Reach, Shares, envelope_of, shares_of

# What git, the library and the runs that are kept know of an example, the best of it.
State = Literal["promoted", "passed", "failed", "inconclusive", "not run"]


@dataclass(frozen=True, slots=True)
class Mapped:
    """One worked example with what it would visit (``drafted``), and what was really visited: the
    reach of each passing or failing run and of the promoted entry. ``not_counted`` says why other
    runs were left out, and how many of them.
    """

    path: str
    example: WorkedExample
    state: State
    drafted: Reach
    visited: tuple[Reach, ...] = ()
    not_counted: Mapping[str, int] | None = None

    @property
    def name(self) -> str:
        """The example's name."""
        return self.example.name


@dataclass(frozen=True)
class Stressed:
    """One target with its examples, and the envelope that they declare together."""

    name: str
    examples: tuple[Mapped, ...]

    @cached_property
    def envelope(self) -> Envelope:
        """The largest figures of production that any of the examples declares."""
        return envelope_of({one.name: one.example for one in self.examples})

    @cached_property
    def phases(self) -> tuple[str, ...]:
        """The phases of the examples, by name."""
        return tuple(sorted({one.example.phase or "" for one in self.examples} - {""}))

    @cached_property
    def orderings(self) -> tuple[str, ...]:
        """The orderings that production can have, in their fixed order."""
        found = reachable([one.example for one in self.examples])
        return tuple(name for name in ORDERINGS if name in found)

    @cached_property
    def drafted(self) -> dict[str, Shares]:
        """Where each example lies by what it plans."""
        return {one.name: shares_of(one.drafted, self.envelope) for one in self.examples}

    @cached_property
    def visited(self) -> dict[str, tuple[Shares, ...]]:
        """Where each example has really been."""
        return {
            one.name: tuple(shares_of(each, self.envelope) for each in one.visited)
            for one in self.examples
        }


def gathered(examples: Sequence[Mapped]) -> list[Stressed]:
    """The examples by what they stress, in the order of its name."""
    groups: dict[tuple[str, str], list[Mapped]] = {}
    for one in examples:
        groups.setdefault(_key(one.example), []).append(one)
    found = [
        Stressed(name, tuple(sorted(groups[key], key=lambda one: one.name)))
        for key, name in _names(list(groups)).items()
    ]
    return sorted(found, key=lambda one: one.name)


def _names(keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """What each target is called: its words, and as much of its folder as tells it from others."""
    names = {key: key[1] for key in keys}
    for depth in range(1, 12):
        said = Counter(names.values())
        for folder, words in keys:
            if said[names[folder, words]] > 1 and folder:
                names[folder, words] = f"{words} in {'/'.join(folder.split('/')[-depth:])}"
    return names


def _key(example: WorkedExample) -> tuple[str, str]:
    """The folder and the words that name a target: the function, what it attaches to, or the
    command up to its first option or placeholder.
    """
    target = example.target
    folder = str(target.cwd or "")
    called: Any = target.python or target.node
    if called is not None:
        return folder, str(called.call)
    if target.attach is not None:
        given = target.attach.model_dump(exclude_none=True)
        return "", " ".join(f"{key} {value}" for key, value in given.items())
    words: list[str] = []
    for word in target.command or ():
        if "{" in word or word.startswith("--"):
            break
        words.append(word)
    return folder, " ".join(words) or "the command"
