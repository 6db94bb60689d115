"""When a run did what: its stages and floors as bands, and the moments worth a line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from perfstress.charts.thinning import short
from perfstress.measurement import Event
from perfstress.plan import Epoch
from perfstress.readings import Readings
from perfstress.run import Run


def end_of(run: Run) -> float:
    """The last second of anything that was recorded."""
    times = [0.0]
    times += [sample.t_s for sample in run.samples[-1:]]
    times += [float(second) + 1.0 for second in run.load.t_s[-1:]]
    times += [event.t_s for event in run.events if not event.name.startswith("target-st")]
    return max(times)


def bands(run: Run, end_s: float) -> list[dict[str, Any]]:
    """Where each epoch and each floor lies: ``{from, to, name, kind}``, kind also ``floor``."""
    named = _epoch_names(run.manifest.epochs)
    kinds = {epoch.index: epoch.kind for epoch in run.manifest.epochs}
    found: list[dict[str, Any]] = []
    for event in run.events:
        if event.name == "epoch-began":
            index = event.facts.get("epoch", -1)
            found.append(
                {
                    "from": event.t_s,
                    "to": None,
                    "name": named.get(index, str(event.facts.get("stage", ""))),
                    "kind": kinds.get(index, "work"),
                }
            )
        elif event.name == "epoch-ended" and found:
            found[-1]["to"] = event.t_s
    for number, band in enumerate(found):
        if band["to"] is None:
            band["to"] = found[number + 1]["from"] if number + 1 < len(found) else end_s
    found += _floors(run.readings, found)
    found.sort(key=lambda band: (band["from"], band["to"]))
    return [
        {**band, "from": short(max(0.0, band["from"])), "to": short(band["to"])} for band in found
    ]


def _epoch_names(epochs: Iterable[Epoch]) -> dict[int, str]:
    """The stage's name, numbered where a stage has several epochs."""
    of_stage: dict[str, list[Epoch]] = {}
    for epoch in epochs:
        of_stage.setdefault(epoch.stage, []).append(epoch)
    return {
        epoch.index: stage if len(members) == 1 else f"{stage} {number}"
        for stage, members in of_stage.items()
        for number, epoch in enumerate(members, 1)
    }


def _floors(readings: Readings, epochs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Runs of quiet readings; each begins where its epoch ended, if that is known."""
    found: list[dict[str, Any]] = []
    quiet = (readings.state == "quiescent") | (readings.state == "start")
    for t_s, epoch in zip(readings.t_s[quiet], readings.epoch[quiet], strict=True):
        if found and found[-1]["epoch"] == epoch:
            found[-1]["to"] = float(t_s)
        else:
            ended = [band["to"] for band in epochs if band["to"] <= t_s]
            began = max(ended, default=0.0)
            found.append({"epoch": epoch, "from": began, "to": float(t_s)})
    return [
        {"from": one["from"], "to": one["to"], "name": "floor", "kind": "floor"} for one in found
    ]


_MARKS: Mapping[str, str] = {
    "target-exited": "the target ended unasked",
    "target-hung": "the target hangs",
    "target-restarted": "the target was restarted",
    "generator-lost": "part of the generator was lost",
    "interrupted": "interrupted",
}


_OF_A_FAULT: Mapping[str, str] = {
    "fault-began": "begins",
    "fault-ended": "ends",
    "fault-failed": "failed",
}


def marks(run: Run) -> list[dict[str, Any]]:
    """Moments to draw a line at: ``{t, name}``."""
    return [
        {"t": short(max(0.0, event.t_s)), "name": name}
        for event in run.events
        if (name := _mark(event))
    ]


def _mark(event: Event) -> str:
    """What a line says; empty for an event without one."""
    if event.name in _OF_A_FAULT:
        return f"{event.facts.get('fault')} {_OF_A_FAULT[event.name]}"
    if event.facts.get("phase") == "down":
        return ""  # the line of a restart stands where the target is back
    return _MARKS.get(event.name, "")
