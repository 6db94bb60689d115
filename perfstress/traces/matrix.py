"""The answer of Prometheus to a range query: a matrix of series, as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError

from perfstress.errors import Problem
from perfstress.regularfile import read_bytes
from perfstress.traces.trace import Found, LeftOut, Settings, is_by_nature, trace_of

Floats = NDArray[np.float64]


class Stream(BaseModel):
    """One series: its labels, and pairs of a time and a value."""

    metric: dict[str, str] = {}
    values: list[tuple[float, float]]


class Data(BaseModel):
    """What an answer holds."""

    resultType: str
    result: list[Any]


class Answer(BaseModel):
    """The answer as a whole."""

    status: str = "success"
    error: str = ""
    data: Data | None = None


def read(path: Path, settings: Settings) -> Iterator[Found]:
    """A trace for each series of the matrix; with ``settings.ops`` against that metric's sum."""

    def problem(message: str) -> Problem:
        return Problem(str(path), "bad-matrix", message)

    try:
        streams = _streams(path)
        ops = _operations(streams, settings.ops)
    except ValueError as error:
        yield problem(_first(error) if isinstance(error, ValidationError) else str(error))
        return
    for stream in streams:
        name = name_of(stream.metric)
        if settings.ops is not None and _is(stream, settings.ops):
            continue
        if is_by_nature(name):
            yield LeftOut(name, "a counter, a clock or a setting by its name")
            continue
        pairs = np.array(stream.values, dtype=float).reshape(-1, 2)
        work = None if ops is None else np.interp(pairs[:, 0], ops[0], ops[1])
        try:
            yield trace_of(name, pairs[:, 0], pairs[:, 1], settings, ops=work)
        except ValueError as error:
            yield problem(f"{name} {error}")


def name_of(metric: Mapping[str, str]) -> str:
    """A series as Prometheus writes it: ``pool_in_use{pool="orders"}``."""
    labels = ",".join(
        f'{key}="{value}"' for key, value in sorted(metric.items()) if key != "__name__"
    )
    return metric.get("__name__", "") + (f"{{{labels}}}" if labels else "") or "{}"


def _streams(path: Path) -> list[Stream]:
    text = read_bytes(path).removeprefix(b"\xef\xbb\xbf")
    if text.lstrip().startswith(b"["):
        raise ValueError("a list; wanted the whole answer, with status and data")
    answer = Answer.model_validate_json(text)
    if answer.status != "success" or answer.data is None:
        raise ValueError(f"the query failed: {answer.error or 'there is no data'}")
    if answer.data.resultType != "matrix":
        raise ValueError(
            f"resultType is {answer.data.resultType!r}; a range query (/api/v1/query_range) gives "
            "a matrix"
        )
    return [Stream.model_validate(one) for one in answer.data.result]


def _is(stream: Stream, metric: str) -> bool:
    return metric in (stream.metric.get("__name__"), name_of(stream.metric))


def _operations(streams: Sequence[Stream], metric: str | None) -> tuple[Floats, Floats] | None:
    """Times and operations done by then: the sum of a counter's series, each without its resets."""
    if metric is None:
        return None
    found = [np.array(one.values, dtype=float) for one in streams if _is(one, metric)]
    found = [pairs for pairs in found if len(pairs)]
    if not found:
        raise ValueError(f"--ops {metric}: there is no such metric in the answer")
    times = np.unique(np.concatenate([pairs[:, 0] for pairs in found]))
    total = np.zeros(len(times))
    for pairs in found:
        change = np.diff(pairs[:, 1], prepend=pairs[0, 1])
        done = np.cumsum(np.where(change >= 0, change, pairs[:, 1]))
        total += np.interp(times, pairs[:, 0], done)
    return times, total


def _first(error: ValidationError) -> str:
    one = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in one["loc"])
    return f"{where}: {one['msg']}" if where else one["msg"]
