"""Journeys at every size of a sweep: a driver of its own for each, with the size put in."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from perfstress.clock import now_ns
from perfstress.example import Data, Part, Size, Step, WorkedExample
from perfstress.extract import compile_path
from perfstress.plan import Epoch
from perfstress.protocols import (
    BlockDone,
    Driver,
    DriverEvent,
    Progress,
    SizeReady,
    Surroundings,
    Target,
)
from perfstress.rows import read_rows

_REFERENCE = re.compile(r"\{\{\s*size\.([\w-]+)\s*\}\}")
START_MARGIN_NS = 250_000_000  # from processes of load that are ready to their first arrival

Factory = Callable[[WorkedExample, Target, Surroundings], Driver]


class SizedDriver:
    """Meets ``protocols.Driver`` with one driver after another, each made by ``factory`` for the
    example as it is at one size.

    What was counted goes on counting. ``setup`` and ``teardown`` of the journeys are taken at each.
    """

    def __init__(
        self, factory: Factory, example: WorkedExample, target: Target, around: Surroundings
    ) -> None:
        assert example.shape.size is not None
        self._factory = factory
        self._example = example
        self._target, self._around = target, around
        self._zero_ns = 0
        self._size = example.shape.size.all[0]
        self._driver = self._made(self._size)
        self._before: Progress = Progress({})  # of the drivers that have ended
        self._last: Progress = Progress({})
        self._troubles: list[str] = []
        self._held: tuple[Sequence[Epoch], int] | None = None  # a block until its size was read
        self._events: list[DriverEvent] = []

    def prepare(self, zero_ns: int) -> None:
        """Have the smallest size ready."""
        self._zero_ns = zero_ns
        self._driver.prepare(zero_ns)

    def begin(self, block: Sequence[Epoch], at_ns: int) -> None:
        """Start a block, in processes of load that are made for its size, once what the target
        begins with has been read.
        """
        size = block[0].size
        if size is not None and size != self._size:
            self._end()
            self._size, self._driver = size, self._made(size)
            self._before = self._last
            self._driver.prepare(self._zero_ns)
        self._held = (block, at_ns)
        self._events = [SizeReady(block[0].index)]

    def poll(self, timeout_s: float) -> Sequence[DriverEvent]:
        """What has happened, progress being that of the whole run."""
        if self._events:
            waiting, self._events = self._events, []
            return waiting
        if self._held is not None:
            (block, at_ns), self._held = self._held, None
            self._driver.begin(block, max(at_ns, now_ns() + START_MARGIN_NS))
        events = []
        for event in self._driver.poll(timeout_s):
            if isinstance(event, Progress):
                event = self._last = _added(self._before, event)
            events.append(event)
        return events

    def cancel(self) -> None:
        """End the block soon."""
        if self._held is not None:  # nothing of it has been sent
            self._held, self._events = None, [BlockDone()]
            return
        self._driver.cancel()

    def go_on(self, index: int, at_ns: int) -> None:
        """As the driver of this size does."""
        self._driver.go_on(index, at_ns)

    def quiet(self) -> None:
        """As the driver of this size does."""
        self._driver.quiet()

    def roots(self) -> tuple[int, ...]:
        """As the driver of this size says."""
        return self._driver.roots()

    def close(self) -> str | None:
        """End the last driver; what could not be cleared away, of all of them."""
        self._end()
        return "; ".join(self._troubles) or None

    def _end(self) -> None:
        if why := self._driver.close():
            self._troubles.append(why)

    def _made(self, size: int) -> Driver:
        example = at_size(self._example, size, self._around.folder, self._around.scratch)
        return self._factory(example, self._target, self._around)


def _added(before: Progress, now: Progress) -> Progress:
    journeys = {*before.ops_by, *now.ops_by}
    return Progress(
        {name: before.ops_by.get(name, 0) + now.ops_by.get(name, 0) for name in sorted(journeys)},
        in_flight=now.in_flight,
        ok=before.ok + now.ok,
        errors=before.errors + now.errors,
    )


def at_size(example: WorkedExample, size: int, folder: Path, scratch: Path) -> WorkedExample:
    """The example with ``{{ size.NAME }}`` and ``{{ size.text }}`` of its workload put in, and data
    that is measured in the size narrowed to the rows that have it.
    """
    swept = example.shape.size
    assert swept is not None
    workload = _put(example.workload, {swept.name: size, "text": (swept.text or "") * size})
    kind, sets = workload.data_sets
    if any(swept.name in data.measure for data in sets.values()):
        narrowed = {
            name: _narrowed(name, data, swept, size, folder, scratch) for name, data in sets.items()
        }
        part = getattr(workload, kind).model_copy(update={"data": narrowed})
        workload = workload.model_copy(update={kind: part})
    return example.model_copy(update={"workload": workload})


def _put(value: Any, values: Mapping[str, Any]) -> Any:
    """The same with every reference to the size replaced; a text that is one alone becomes the
    value itself.
    """
    if isinstance(value, str):
        if whole := _REFERENCE.fullmatch(value.strip()):
            return values.get(whole[1], value)
        return _REFERENCE.sub(lambda found: str(values.get(found[1], found[0])), value)
    if isinstance(value, Part):
        changed = {
            name: new
            for name in type(value).model_fields
            if (new := _put(old := getattr(value, name), values)) is not old
        }
        if isinstance(value, Step) and value.name is None and value.method is not None:
            # One name at every size: figures are told, and compared, by it.
            changed["name"] = f"{value.method.upper()} {value.path}"
        return value.model_copy(update=changed) if changed else value
    if isinstance(value, dict):
        return {key: _put(inner, values) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_put(inner, values) for inner in value)
    return value


def _narrowed(name: str, data: Data, swept: Size, size: int, folder: Path, scratch: Path) -> Data:
    if swept.name not in data.measure:
        return data
    take = compile_path(data.measure[swept.name])
    rows = [row for row in read_rows(folder / data.file) if take(row) == size]
    file = scratch / f"{name}-{size}.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return data.model_copy(update={"file": str(file.resolve())})
