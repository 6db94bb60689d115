"""Several workloads side by side: a driver for each, with its share of every epoch."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection, Mapping, Sequence

from perfstress.fleet.merging import Merger
from perfstress.measurement import Interval
from perfstress.plan import Epoch
from perfstress.protocols import Driver, DriverEvent

# The arrivals of the workloads are independent of each other.
_SEEDS_APART = 7919


class SeveralDrivers:
    """Meets ``protocols.Driver``; ``drivers`` have each the names of their journeys."""

    def __init__(self, drivers: Sequence[tuple[Collection[str], Driver]]) -> None:
        self._drivers = [driver for _, driver in drivers]
        self._names = [frozenset(names) for names, _ in drivers]
        self._merger = Merger(len(drivers))

    def prepare(self, zero_ns: int) -> None:
        """Get each of them ready; when one cannot be, none is left."""
        try:
            for driver in self._drivers:
                driver.prepare(zero_ns)
        except BaseException:
            self.close()
            raise

    def begin(self, block: Sequence[Epoch], at_ns: int) -> None:
        """Start a block in all of them at the same time."""
        self._merger.begin_block()
        for number, driver in enumerate(self._drivers):
            driver.begin([shares(epoch, self._names)[number] for epoch in block], at_ns)

    def poll(self, timeout_s: float) -> Sequence[DriverEvent]:
        """What has happened in any of them, as of one."""
        events: list[DriverEvent] = []
        for number, driver in enumerate(self._drivers):
            for event in driver.poll(timeout_s / len(self._drivers)):
                if isinstance(event, Interval):  # no journey is in two of them
                    events.append(event)
                else:
                    events += self._merger.take(number, event, None)
        return events

    def go_on(self, index: int, at_ns: int) -> None:
        """Leave out what of the block comes before epoch ``index``, in all of them."""
        for driver in self._drivers:
            driver.go_on(index, at_ns)

    def cancel(self) -> None:
        """End the block soon."""
        for driver in self._drivers:
            driver.cancel()

    def quiet(self) -> None:
        """Let each of them go quiet."""
        for driver in self._drivers:
            driver.quiet()

    def roots(self) -> tuple[int, ...]:
        """What any of them wants to be watched."""
        return tuple(pid for driver in self._drivers for pid in driver.roots())

    def close(self) -> str | None:
        """End all of them; the first that has something to say of it says it."""
        said = [driver.close() for driver in self._drivers]
        return next((why for why in said if why), None)


def shares(epoch: Epoch, names: Sequence[Collection[str]]) -> list[Epoch]:
    """What each workload does of an epoch: its journeys' part of the rate, or of the users, by
    weight, and its journeys with rates of their own.

    One that has no part of an epoch waits for as long as the epoch is meant to take.
    """
    mixes = [_only(epoch.mix, mine) for mine in names]
    total = sum(epoch.mix.values())
    parts = [sum(mix.values()) / total if total else 0.0 for mix in mixes]
    open_ = epoch.model == "open"
    starts = _divided(epoch.start_level, parts, whole=not open_)
    ends = _divided(epoch.end_level, parts, whole=not open_)
    ops = _divided(float(epoch.ops or 0), parts, whole=True)
    planned_ns = _planned_ns(epoch)
    found = []
    for number, mine in enumerate(names):
        has_part = bool(ops[number]) if epoch.ops is not None else bool(parts[number])
        found.append(
            dataclasses.replace(
                epoch,
                mix=mixes[number],
                own=_only(epoch.own, mine),
                start_level=starts[number],
                end_level=ends[number],
                ops=round(ops[number]) if epoch.ops is not None and has_part else None,
                duration_ns=epoch.duration_ns if has_part else planned_ns,
                seed=epoch.seed + _SEEDS_APART * number,
            )
        )
    return found


def _only(values: Mapping[str, float], names: Collection[str]) -> dict[str, float]:
    return {name: value for name, value in values.items() if name in names}


def _planned_ns(epoch: Epoch) -> int:
    mean_hz = (epoch.start_level + epoch.end_level) / 2
    by_work = round((epoch.ops or 0) / mean_hz * 1e9) if mean_hz and epoch.ops else None
    bounds = [bound for bound in (epoch.duration_ns, by_work) if bound is not None]
    return max(1, min(bounds, default=1))


def _divided(amount: float, parts: Sequence[float], *, whole: bool) -> list[float]:
    """An amount in these proportions; in whole numbers by the largest remainder."""
    exact = [amount * part for part in parts]
    if not whole:
        return exact
    found = [float(math.floor(one + 1e-9)) for one in exact]
    left = round(sum(exact) - sum(found))
    by_rest = sorted(range(len(exact)), key=lambda at: found[at] - exact[at])
    for at in by_rest[:left]:
        found[at] += 1.0
    return found
