"""The search for the smallest shape that still shows a finding: greedy, in a fixed order, pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Step(Generic[T]):
    """One way to make a shape smaller: ``what`` for people, and the smaller ``shape``."""

    what: str
    shape: T


Pass = Callable[[T], Iterable[Step[T]]]


@dataclass(slots=True)
class Found(Generic[T]):
    """The smallest shape so far. ``minimal`` says that no single further step shows the finding;
    ``steps`` are those that were taken.
    """

    shape: T
    steps: list[str] = field(default_factory=list)
    minimal: bool = False


@dataclass(slots=True)
class Search(Generic[T]):
    """What the search asks, and what it has been told.

    ``shows`` tries a smaller shape once, ``confirms`` the smallest of a pass again: only what both
    affirm is taken, and what they cannot tell (None) is not. ``may_go_on`` is asked before each
    try. No shape is tried twice by either. ``key`` tells shapes apart.
    """

    shows: Callable[[Step[T]], bool | None]
    confirms: Callable[[Step[T]], bool | None]
    may_go_on: Callable[[], bool] = lambda: True
    key: Callable[[T], object] = repr
    ended: bool = False
    _refused: set[object] = field(default_factory=set)

    def run(self, found: Found[T], passes: Sequence[Pass[T]]) -> Found[T]:
        """Make ``found`` smaller in the place, and give it back.

        Each pass offers smaller shapes, the boldest first. The passes are gone through until none
        gets any further: then the shape is minimal. As ``found`` is changed in the place and only
        by what was confirmed, whoever is interrupted keeps the best so far.
        """
        further = True
        while further and not self.ended:
            before = len(found.steps)
            for offers in passes:
                self._go_through(offers, found)
            further = len(found.steps) > before
        found.minimal = not self.ended
        return found

    def _go_through(self, offers: Pass[T], found: Found[T]) -> None:
        """Take off what a pass can take off."""
        while chain := self._chain(offers, found.shape):
            while chain and not self._is_confirmed(chain[-1]):
                chain.pop()
                if not self.may_go_on():
                    self.ended = True
                    return
            if chain:
                found.shape = chain[-1].shape
                found.steps += [step.what for step in chain]

    def _is_confirmed(self, step: Step[T]) -> bool:
        if self.confirms(step):
            return True
        self._refused.add(self.key(step.shape))
        return False

    def _chain(self, offers: Pass[T], shape: T) -> list[Step[T]]:
        """Steps of a pass, each from the one before, all of which show the finding."""
        chain: list[Step[T]] = []
        while (step := self._first(offers(shape))) is not None:
            chain.append(step)
            shape = step.shape
        return chain

    def _first(self, offered: Iterable[Step[T]]) -> Step[T] | None:
        """The first step that shows the finding; None when there is none, or no time for it."""
        for step in offered:
            known = self.key(step.shape)
            if known in self._refused:
                continue
            if self.ended or not self.may_go_on():
                self.ended = True
                return None
            if self.shows(step):
                return step
            self._refused.add(known)
        return None
