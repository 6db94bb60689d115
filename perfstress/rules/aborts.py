"""Steps that give up on purpose: that they can, and that they will."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from perfstress.example import Http, Step
from perfstress.loading import Loaded
from perfstress.places import Complaint, Place, dotted
from perfstress.rules import steps
from perfstress.units import human_duration


def bad_abort(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """A request is given up after something, before its timeout, and nobody needs its answer."""
    http = loaded.example.workload.http
    for place, step in steps.steps(loaded):
        if step.abort is None or http is None:
            continue
        found = next(_problems(step, place, http, loaded.example.shape.timeout), None)
        if found is not None:
            key, message, hint = found
            where: Place = (*place, *key)
            yield Complaint(where, "bad-abort", f"{dotted(where)}: {message}", hint, at_key=True)


def _problems(
    step: Step, place: Place, http: Http, timeout_ns: int
) -> Iterator[tuple[tuple[str, ...], str, str]]:
    abort = step.abort
    assert abort is not None
    limit_ns = step.timeout or timeout_ns
    if abort.after is None and abort.bytes is None:
        yield ("abort",), "does not say when", "write after: 5ms, or bytes: 100KiB, or both"
    if abort.bytes == 0:
        yield ("abort", "bytes"), "nothing is sent and nothing read", "write after: 1ms"
    if abort.bytes is not None and step.method in ("head", "options") and not _has_body(step):
        yield ("abort", "bytes"), f"a {step.method} has no body to count", "write after: 5ms"
    if abort.after is not None and abort.after >= limit_ns:
        said = f"the timeout of {human_duration(limit_ns / 1e9)} comes before"
        yield ("abort", "after"), said, "write a shorter time, or a longer timeout"
    if place[-2] != "steps":
        yield ("abort",), f"{place[-2]} has to go well", "give up in the steps of a journey"
    if http.version != "1.1":
        hint = 'take it out, or write version: "1.1"'
        yield ("abort",), f"HTTP/{http.version} cannot do this here", hint
    for key in ("capture", "redirects"):
        if key in step.model_fields_set:
            said = "a request that is given up has no answer to capture or to follow"
            yield (key,), said, "take it out, or give it to another step"


def _has_body(step: Step) -> bool:
    return bool({"json_", "form", "body", "multipart"} & step.model_fields_set)
