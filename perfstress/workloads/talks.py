"""Scripts of conversations: what tcp, sql and ws have in common."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from perfstress.engine.script import DataScript
from perfstress.engine.talkscript import MediumName, TalkJourneyScript, TalkScript, TalkStepScript
from perfstress.example import TcpSend, WorkedExample
from perfstress.substitute import substitute, substitute_all

Put = Callable[[Any], Any]


def putting(values: Mapping[str, str], folder: Path) -> Put:
    """A function that puts names and secrets into JSON-like data."""

    def put(data: Any) -> Any:
        if isinstance(data, str):
            return substitute(data, values, folder=folder)
        return substitute_all(data, values, folder=folder)

    return put


def conversations(
    example: WorkedExample,
    folder: Path,
    *,
    medium: MediumName,
    address: str,
    options: Mapping[str, Any],
    act: Callable[[Any], TalkStepScript],
) -> TalkScript:
    """The workload as the processes of load take it; ``act`` says what a step does that is no
    pause.
    """
    talks = example.workload.talks
    assert talks is not None

    def step(each: Any) -> TalkStepScript:
        return act(each) if each.think is None else TalkStepScript("think", think_ns=each.think)

    return TalkScript(
        medium=medium,
        address=address,
        options=dict(options),
        journeys=tuple(
            TalkJourneyScript(name, labelled(map(step, journey.steps)))
            for name, journey in talks.journeys.items()
        ),
        data=_data_of(example, folder),
        seed=example.shape.seed,
    )


def said(send: str | TcpSend, put: Put, folder: Path) -> tuple[dict[str, Any], int | None]:
    """What a step sends, and the pause before it in ns."""
    send = TcpSend(text=send) if isinstance(send, str) else send
    file = None if send.file is None else str(folder / send.file)
    return {"text": put(send.text), "hex": send.hex, "file": file}, send.after


def _data_of(example: WorkedExample, folder: Path) -> tuple[DataScript, ...]:
    """The data files of the conversations."""
    talks = example.workload.talks
    return tuple(
        DataScript(
            name=name,
            path=str(folder / data.file),
            order=data.order,
            seed=example.shape.seed if data.seed is None else data.seed,
        )
        for name, data in (talks.data.items() if talks is not None else ())
    )


def labelled(steps: Iterable[TalkStepScript]) -> tuple[TalkStepScript, ...]:
    """The steps with each label made unique, as the figures are told by it."""
    taken: set[str] = set()
    found = []
    for step in steps:
        label, number = step.label, 2
        while label in taken:
            label = f"{step.label} ({number})"
            number += 1
        if step.act:
            taken.add(label)
        found.append(dataclasses.replace(step, label=label))
    return tuple(found)
