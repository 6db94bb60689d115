"""Who descends from whom: of every commit, which of some others it follows."""

from __future__ import annotations

from collections.abc import Iterable

from perfstress.commits.history import History


class Descent:
    """For every commit, which of ``starts`` are its proper ancestors, as the bits of a number.

    A thousand starts are 125 bytes a commit, and one walk from the oldest to the newest: nothing is
    walked again for each question.
    """

    def __init__(self, history: History, starts: Iterable[int]) -> None:
        self.bit = {start: 1 << number for number, start in enumerate(sorted(set(starts)))}
        self.above: list[int] = []
        for commit in history.commits:
            mask = 0
            for parent in commit.parents:
                mask |= self.above[parent] | self.bit.get(parent, 0)
            self.above.append(mask)

    def follows(self, commit: int, start: int) -> bool:
        """Whether ``start`` is a proper ancestor of the commit."""
        return bool(self.above[commit] & self.bit[start])

    def common(self, commits: Iterable[int]) -> int:
        """The starts that all of these commits follow, as bits."""
        mask = -1
        for commit in commits:
            mask &= self.above[commit]
        return mask
