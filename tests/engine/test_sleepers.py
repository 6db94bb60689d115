"""Users who pause are woken once each, in order, and hardly early."""

import asyncio
from typing import Any

import pytest

from perfstress.clock import now_ns
from perfstress.engine.sleepers import Sleepers
from tests.support.engine_drive import run


class Woken:
    """Takes whoever is woken."""

    def __init__(self, expected: int) -> None:
        self.seen: list[tuple[Any, int, int]] = []
        self.all = asyncio.Event()
        self.expected = expected
        self.sleepers = Sleepers(asyncio.get_running_loop(), self)

    def __call__(self, walk: Any, due_ns: int, at_ns: int) -> None:
        self.seen.append((walk, due_ns, at_ns))
        if len(self.seen) == self.expected:
            self.all.set()


def test_everybody_is_woken_once_in_order() -> None:
    async def work() -> Woken:
        woken = Woken(100)
        began = now_ns()
        for number in range(100):
            woken.sleepers.add(number, began + (number * 37 % 100) * 200_000)  # type: ignore[arg-type]
        await asyncio.wait_for(woken.all.wait(), 10)
        return woken

    woken = run(work())
    dues = [due for _, due, _ in woken.seen]
    assert dues == sorted(dues)
    assert {walk for walk, _, _ in woken.seen} == set(range(100))
    assert all(at >= due - 500_000 for _, due, at in woken.seen)
    assert len(woken.sleepers) == 0


@pytest.mark.parametrize(
    ("pause_ns", "early_ns"),
    [(100_000_000, 500_000), (2_000_000_000, 2_000_000), (10**12, 5_000_000)],
)
def test_who_pauses_long_is_woken_with_others_by_a_thousandth_of_the_pause(
    pause_ns: int, early_ns: int
) -> None:
    async def work() -> Woken:
        woken = Woken(200)
        began = now_ns()
        for number in range(200):
            due_ns = began + (number * 37 % 200) * 100_000
            woken.sleepers.add(number, due_ns, pause_ns)  # type: ignore[arg-type]
        await asyncio.wait_for(woken.all.wait(), 10)
        return woken

    seen = run(work()).seen
    assert {walk for walk, _, _ in seen} == set(range(200))
    # the event loop itself rings up to half a millisecond early
    assert all(at >= due - early_ns - 500_000 for _, due, at in seen)


def test_who_is_sent_away_or_pauses_anew_is_not_woken_for_the_old_pause() -> None:
    async def work() -> Woken:
        woken = Woken(2)
        soon = now_ns() + 2_000_000
        for name in ("gone", "anew", "stays"):
            woken.sleepers.add(name, soon)  # type: ignore[arg-type]
        woken.sleepers.discard("gone")  # type: ignore[arg-type]
        woken.sleepers.discard("anew")  # type: ignore[arg-type]
        woken.sleepers.add("anew", soon + 3_000_000)  # type: ignore[arg-type]
        assert list(woken.sleepers) == ["stays", "anew"]
        await asyncio.wait_for(woken.all.wait(), 10)
        await asyncio.sleep(0.01)
        return woken

    assert [walk for walk, _, _ in run(work()).seen] == ["stays", "anew"]


@pytest.mark.parametrize("when", ["before", "while"])
def test_after_clear_nobody_is_woken(when: str) -> None:
    async def work() -> Woken:
        woken = Woken(1)
        for number in range(3):
            woken.sleepers.add(number, now_ns())  # type: ignore[arg-type]
        if when == "before":
            woken.sleepers.clear()
        else:
            woken.sleepers._wake = lambda *seen: (woken(*seen), woken.sleepers.clear())[0]  # type: ignore[func-returns-value]
        await asyncio.sleep(0.02)
        return woken

    assert len(run(work()).seen) == (0 if when == "before" else 1)
