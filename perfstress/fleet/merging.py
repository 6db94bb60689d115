"""Several processes of load as one: histograms added, counts summed, the slowest waited for."""

from __future__ import annotations

import dataclasses
from collections import Counter

from perfstress.histogram import merged
from perfstress.measurement import Interval, phases_of
from perfstress.protocols import BlockDone, DriverEvent, EpochBegan, EpochDone, Progress

_Key = tuple[int, int, str, str | None]

# Gauges of processes that add up; of the others the worst one counts.
_SUMMED = (
    "cpu_s",
    "max_rss_bytes",
    "open_files",
    "retries",
    "redirects",
    "tokens",
    "token_failures",
    "processes",
)


class Merger:
    """Events of ``parts`` processes in, events of the whole out; one process passes through."""

    def __init__(self, parts: int) -> None:
        self._parts = parts
        self._progress: dict[int, Progress] = {}
        self._seconds: dict[int, int] = {}
        self._held: dict[_Key, list[Interval]] = {}
        self._sent: dict[int, list[EpochDone]] = {}
        self._began: set[int] = set()
        self._over: set[int] = set()
        self._gone: set[int] = set()
        self._late: dict[str, str] = {}

    def begin_block(self) -> None:
        """Every process that is still there is at work again."""
        self._over = set(self._gone)
        self._late = {}

    def lost(self, part: int) -> list[DriverEvent]:
        """One process has ended and is not waited for any more, in this block and in later ones."""
        self._gone.add(part)
        if part in self._over:
            return []
        return self.take(part, BlockDone(), None)

    def take(self, part: int, event: DriverEvent, second: int | None) -> list[DriverEvent]:
        """What the event of one process means for the whole. ``second`` comes with a Progress:
        intervals of earlier seconds have all been told by that process.
        """
        if self._parts == 1:
            return [event]
        if isinstance(event, Progress):
            self._progress[part] = event
            if second is not None:
                self._seconds[part] = second
            return [*self._release(self._watermark()), self._whole_progress()]
        if isinstance(event, Interval):
            key = (event.t_s, event.epoch, event.journey, event.step)
            self._held.setdefault(key, []).append(event)
            return []
        if isinstance(event, EpochBegan):
            if event.epoch in self._began:
                return []
            self._began.add(event.epoch)
            return [event]
        if isinstance(event, EpochDone):
            told = self._sent.setdefault(event.epoch, [])
            told.append(event)
            return [_whole_epoch(self._sent.pop(event.epoch))] if len(told) == self._parts else []
        if isinstance(event, BlockDone):
            self._over.add(part)
            self._late = {**event.troubles, **self._late}
            if len(self._over) < self._parts:
                return []
            rest = [_whole_epoch(told) for told in self._sent.values()]  # one was lost on the way
            self._sent.clear()
            over = BlockDone(self._late)
            return [*self._release(None), *rest, self._whole_progress(), over]
        return [event]

    def _watermark(self) -> int:
        known = [
            self._seconds.get(part, -1) for part in range(self._parts) if part not in self._over
        ]
        return min(known, default=-1)

    def _release(self, before: int | None) -> list[DriverEvent]:
        keys = [key for key in self._held if before is None or key[0] < before]
        return [_whole_interval(self._held.pop(key)) for key in keys]

    def _whole_progress(self) -> Progress:
        ops: Counter[str] = Counter()
        counts: Counter[str] = Counter()
        for progress in self._progress.values():
            ops.update(progress.ops_by)
            counts.update(progress.counts)
        parts = self._progress.values()
        # one that has not been heard of may have counted anything
        known = [one.at_ns for one in parts] if len(parts) == self._parts else [0]
        return Progress(
            dict(ops),
            sum(one.in_flight for one in parts),
            sum(one.ok for one in parts),
            sum(one.errors for one in parts),
            dict(counts),
            min(known),
        )


def _whole_interval(parts: list[Interval]) -> Interval:
    if len(parts) == 1:
        return parts[0]
    errors: Counter[str] = Counter()
    for part in parts:
        errors.update(part.errors)
    return dataclasses.replace(
        parts[0],
        fired=sum(part.fired for part in parts),
        ok=sum(part.ok for part in parts),
        aborted=sum(part.aborted for part in parts),
        errors=dict(errors),
        response=_blob([part.response for part in parts]),
        service=_blob([part.service for part in parts]),
        slip=_blob([part.slip for part in parts]),
        first_byte=_blob([part.first_byte for part in parts]),
        phases=phases_of(parts) or None,
    )


def _blob(blobs: list[str | None]) -> str | None:
    some = [blob for blob in blobs if blob is not None]
    return merged(some).encode() if len(some) > 1 else next(iter(some), None)


def _whole_epoch(parts: list[EpochDone]) -> EpochDone:
    intended = [part.intended for part in parts if part.intended is not None]
    health: dict[str, float] = {}
    for part in parts:
        for name, value in part.health.items():
            before = health.get(name, 0.0)
            health[name] = before + value if name in _SUMMED else max(before, value)
    return EpochDone(
        epoch=parts[0].epoch,
        ended_ns=max(part.ended_ns for part in parts),
        intended=sum(intended) if intended else None,
        dropped=sum(part.dropped for part in parts),
        why_dropped=next((part.why_dropped for part in parts if part.why_dropped), ""),
        health=health,
        troubles={kind: why for part in reversed(parts) for kind, why in part.troubles.items()},
    )
