"""The users of one process: what each keeps from one journey to the next.

A user has a number (which is also a row of data that is dealt out per user), the cookies of its
origin, and what the ``on_start`` steps of each journey captured. In the closed model a user stays
until its load is over; in the open one each arrival takes a user who is free, and a new one only
when there is none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from perfstress.engine.cookies import Jar


class User:
    """One user. ``kept`` has the captured values of each journey that began with ``on_start``."""

    __slots__ = ("jar", "kept", "number", "people")

    def __init__(self, people: People, number: int, jar: Jar | None) -> None:
        self.people = people
        self.number = number
        self.jar = jar
        self.kept: dict[str, list[Any]] = {}


class People:
    """Hands out users by number: part ``part`` of ``parts`` has every ``parts``-th of them, so that
    no two processes have one in common. ``seats`` is how many there are rows for, None without
    rows per user; ``lost`` hears when they are not enough.
    """

    def __init__(
        self,
        part: int,
        parts: int,
        new_jar: Callable[[], Jar] | None,
        seats: int | None,
        lost: Callable[[str], None],
    ) -> None:
        self._part, self._parts = part, parts
        self._new_jar = new_jar
        self._seats = seats
        self._lost = lost
        self._free: list[User] = []
        self.count = 0

    def take(self) -> User:
        """The user who was let go last, else a new one."""
        if self._free:
            return self._free.pop()
        number = self._part + self._parts * self.count
        self.count += 1
        if self._seats is not None and number >= self._seats:
            self._lost(f"there are more users than the {self._seats} rows that are dealt per user")
            number %= self._seats
        return User(self, number, self._new_jar() if self._new_jar is not None else None)

    def let_go(self, user: User) -> None:
        """A user is free again."""
        self._free.append(user)


class Stay:
    """How one journey deals with its user.

    ``first`` is the number of steps of ``on_start``, ``done`` the slot that tells that they went
    well, ``keeps`` the slots that they fill. ``jar`` is the slot of the cookies (None without).
    ``rows`` are the data files that are dealt per user.
    """

    __slots__ = ("_slots", "done", "first", "jar", "keeps", "name", "people", "rows")

    def __init__(
        self,
        name: str,
        slots: int,
        *,
        first: int = 0,
        done: int = 0,
        keeps: tuple[int, ...] = (),
        jar: int | None = None,
        rows: tuple[int, ...] = (),
    ) -> None:
        self.name = name
        self._slots = slots
        self.first, self.done, self.keeps = first, done, keeps
        self.jar = jar
        self.rows = rows
        self.people: People | None = None

    def begin(self, user: User, rows: tuple[int, ...]) -> tuple[int, list[Any], tuple[int, ...]]:
        """The first step to take, the captured values to begin with, and the rows."""
        captured: list[Any] = [None] * self._slots
        at = 0
        if self.first:
            kept = user.kept.get(self.name)
            if kept is not None and kept[self.done]:
                at = self.first
                for slot in self.keeps:
                    captured[slot] = kept[slot]
            user.kept[self.name] = captured
        if self.jar is not None:
            captured[self.jar] = user.jar
        if self.rows:
            own = list(rows)
            for number in self.rows:
                own[number] = user.number
            rows = tuple(own)
        return at, captured, rows
