"""Which came first, judged on a history that has been read: pure, nothing is asked of git here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from perfstress.commits.ancestry import Descent
from perfstress.commits.history import History
from perfstress.commits.lives import Follower, Life
from perfstress.commits.patterns import Patterns

State = Literal["before", "pending", "too-late", "cannot-tell"]

KEEP_PROOF = (
    "commit the example in a change of its own, or seal it (perfstress seal) and merge the runbook "
    "before the code"
)


@dataclass(frozen=True, slots=True)
class Provenance:
    """Whether an example came before its implementation, with the commits that show it.

    ``before``: the commit that added it, or one that sealed its text in a runbook, is a proper
    ancestor of every commit that touched the implementation. ``pending``: no commit has touched the
    implementation yet. ``weakened`` lists later edits that lowered the load or relaxed success:
    ``commit``, ``field``, ``before``, ``after``.
    """

    state: State
    example_commit: str | None = None
    implementation_commit: str | None = None
    reason: str = ""
    weakened: tuple[Mapping[str, Any], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The ``provenance`` object of ``lint --json``."""
        return {
            "state": self.state,
            "example_commit": self.example_commit,
            "implementation_commit": self.implementation_commit,
            "reason": self.reason,
            "weakened": [dict(each) for each in self.weakened],
        }


NOTHING: frozenset[str] = frozenset()


class Order:
    """The examples of a history and the code of their patterns, in the order of the commits.

    ``names`` are the examples' paths in HEAD; ``seals`` the commits that put a blob into a runbook.
    """

    def __init__(
        self,
        history: History,
        names: Iterable[str],
        patterns: Patterns,
        seals: Mapping[str, Sequence[int]],
    ) -> None:
        self.history = history
        self.patterns = patterns
        self.seals = seals
        self._numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
        self._found = Follower(history, self._numbers, patterns)
        starts = {place for life in self._found.lives.values() for place, _ in life.adds}
        self.descent = Descent(history, starts.union(*seals.values()))
        self._of_groups: dict[tuple[int, ...], tuple[dict[int, set[str]], set[str], int]] = {}

    def life(self, name: str) -> Life:
        """The life of an example of HEAD."""
        return self._found.lives[self._numbers[name]]

    def blobs(self, name: str) -> list[str]:
        """Every text that an example of HEAD has had, as blobs."""
        life = self.life(name)
        return [blob for _, blob in life.adds] + [change.blob for _, change in life.edits]

    def added(self, name: str) -> str | None:
        """The first commit that added an example of HEAD."""
        adds = self.life(name).adds
        return self.sha(adds[0][0]) if adds else None

    def submodules(self, paths: Sequence[str]) -> set[str]:
        """The submodules in which something may fit these patterns."""
        numbers = (self.patterns.number[path] for path in paths)
        return {name for number in numbers for name in self._found.submodules[number]}

    def touching(self, paths: Sequence[str], own: set[str]) -> tuple[list[int], int]:
        """The commits that touched what fits these patterns, oldest first, and the starts that all
        of them follow. ``own`` are names of the example, which a wide pattern may cover too.
        """
        numbers = tuple(sorted({self.patterns.number[path] for path in paths}))
        if numbers not in self._of_groups:
            merged: dict[int, set[str]] = {}
            for number in numbers:
                for place, names in self._found.touches[number].items():
                    merged[place] = merged[place] | names if place in merged else names
            every = set().union(*merged.values())
            self._of_groups[numbers] = (merged, every, self.descent.common(merged))
        merged, every, common = self._of_groups[numbers]
        if own & every:
            merged = {place: names for place, names in merged.items() if names - own}
            common = self.descent.common(merged)
        return sorted(merged), common

    def of_uncommitted(self, paths: Sequence[str], own: set[str]) -> Provenance:
        """The state of an example that HEAD does not have."""
        touched, _ = self.touching(paths, own)
        reason = "the example is not committed yet"
        if not touched:
            return Provenance("pending", reason=reason)
        first = self.sha(touched[0])
        reason = f"{reason}, and {first[:7]} began the implementation"
        return Provenance("too-late", None, first, reason)

    def of(self, name: str, paths: Sequence[str], but: frozenset[str] = NOTHING) -> Provenance:
        """The state of an example of HEAD; what was done to the paths in ``but`` does not count."""
        life = self.life(name)
        touched, common = self.touching(paths, life.names | but)
        if not life.adds:  # its history is cut off somewhere
            reason = "git does not show which commit added the example"
            return Provenance("cannot-tell", reason=reason)
        added = life.adds[0][0]
        if not touched:
            reason = f"not implemented yet: no commit touches {', '.join(paths)}"
            return Provenance("pending", self.sha(added), None, reason)
        first = self.sha(touched[0])
        proper = [place for place, _ in life.adds if common & self.descent.bit[place]]
        if proper and self._any_will_do(life):
            return Provenance("before", self.sha(proper[0]), first)
        if len(proper) == len(life.adds):
            return Provenance("before", self.sha(proper[0]), first)
        sealed = self.sealed(self.blobs(name), common)
        if sealed is not None:
            return sealed_before(self.sha(added), first, self.sha(sealed)[:7])
        if proper:
            others = [self.sha(place)[:7] for place, _ in life.adds if place not in proper]
            reason = f"the example was added more than once: {self.sha(proper[0])[:7]} came before "
            reason += f"the implementation, {', '.join(others)} did not"
            return Provenance("cannot-tell", self.sha(proper[0]), first, reason)
        return self._too_late(added, touched)

    def _any_will_do(self, life: Life) -> bool:
        """Whether the same text was added side by side (a commit picked into another branch)."""
        return len({blob for _, blob in life.adds}) == 1 and not life.was_gone

    def sealed(self, blobs: Sequence[str], common: int) -> int | None:
        """A commit before all code whose runbook holds one of these blobs. ``common`` are the
        starts that all code follows.
        """
        places = (place for blob in blobs for place in self.seals.get(blob, ()))
        return next((place for place in places if common & self.descent.bit[place]), None)

    def _too_late(self, added: int, touched: Sequence[int]) -> Provenance:
        guilty = next(place for place in touched if not self.descent.follows(place, added))
        said = self.sha(guilty)[:7]
        if guilty == added:
            reason = f"{said} added the example together with the implementation"
        else:
            reason = f"{said} touched the implementation and does not follow "
            reason += f"{self.sha(added)[:7]}, which added the example"
        return Provenance("too-late", self.sha(added), self.sha(guilty), reason)

    def sha(self, place: int) -> str:
        """The name of a commit."""
        return self.history.commits[place].sha


def sealed_before(added: str | None, first: str, sealed: str) -> Provenance:
    """Before, by a seal: the runbook of the commit ``sealed`` holds the checksum of the text."""
    reason = f"sealed in {sealed}, before {first[:7]} began the implementation"
    return Provenance("before", added, first, reason)
