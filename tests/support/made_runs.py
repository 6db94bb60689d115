"""Runs made up in memory for the judge: a soak of the synthetic shop with some of it exchanged."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from perfstress import runfile
from perfstress.measurement import Event, Interval
from perfstress.run import Run
from tests.support.synthetic import Layout, Truth, soak, spike

QUIET = Truth()
EIGHT_EPOCHS = Layout()


def soaked(folder: Path, truth: Truth = QUIET, layout: Layout = EIGHT_EPOCHS) -> Run:
    """A soak as it was read from disk."""
    return runfile.read(soak(folder, truth, layout))


def spiked(folder: Path, truth: Truth = QUIET, layout: Layout | None = None) -> Run:
    """A spike as it was read from disk."""
    return runfile.read(spike(folder, truth, layout))


def with_(run: Run, **changes: Any) -> Run:
    """The run with other fields; ``manifest`` takes a mapping of changes, ``hunts`` and ``success``
    those of its example.
    """
    manifest, example = run.manifest, run.example
    if "manifest" in changes:
        manifest = dataclasses.replace(manifest, **changes.pop("manifest"))
    for name in ("hunts", "success"):
        if name in changes:
            example = example.model_copy(update={name: list(changes.pop(name))})
    return Run(
        path=run.path,
        manifest=manifest,
        example=example,
        samples=changes.get("samples", run.samples),
        intervals=changes.get("intervals", run.intervals),
        events=changes.get("events", run.events),
        evidence=changes.get("evidence", run.evidence),
        log_tail=changes.get("log_tail", run.log_tail),
        confirming=changes.get("confirming", run.confirming),
    )


def with_events(run: Run, *events: Event) -> Run:
    """The run with more events, in the order of time."""
    return with_(run, events=sorted([*run.events, *events], key=lambda event: event.t_s))


def changed(run: Run, name: str, **facts: Any) -> Run:
    """The run with other facts in every event of this name."""
    events = [
        dataclasses.replace(event, facts={**event.facts, **facts}) if event.name == name else event
        for event in run.events
    ]
    return with_(run, events=events)


def steps_of(run: Run, stage: str) -> Sequence[Interval]:
    """The intervals of single steps in a stage."""
    epochs = {epoch.index for epoch in run.manifest.epochs if epoch.stage == stage}
    return [i for i in run.intervals if i.step is not None and i.epoch in epochs]
