"""What has to hold of the counters of an example: where they are read, where their edge is, how
they are set.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from perfstress.example import Counter
from perfstress.loading import Loaded
from perfstress.places import Complaint, Place, dotted
from perfstress.plan import journey_mix
from perfstress.rules import files, form

PRESETS = ("setup", "env", "run", "post")


def counters(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """One edge and one way to set it for each; names of their own; a wrap has at least one."""
    example = loaded.example
    if example.kind == "wrap" and not example.counters:
        message = "kind: wrap drives a counter across its edge, and counters: is missing"
        hint = "add counters: [{name: id, from: state.last_id, bits: 16, preset: {...}}]"
        yield Complaint(("kind",), "kind-shape", message, hint)
    seen: dict[str, int] = {}
    for index, counter in enumerate(example.counters):
        place: Place = ("counters", index)
        if counter.name in seen:
            message = f"counters[{index}].name: counter {seen[counter.name]} is called so too"
            yield Complaint((*place, "name"), "duplicate-name", message, "give each its own name")
        seen.setdefault(counter.name, index)
        yield from form.exactly(place, counter, ("bits", "edge"), "where the edge is")
        yield from _source(loaded, counter, (*place, "from"))
        if counter.start and counter.journey is None:
            message = (
                f"{dotted((*place, 'start'))}: belongs to from: ops; a number is read as it is"
            )
            hint = "take it out; preset sets the number itself"
            yield Complaint((*place, "start"), "bad-counter", message, hint, at_key=True)
        if counter.preset is not None:
            yield from _preset(loaded, counter, (*place, "preset"))


def _source(loaded: Loaded, counter: Counter, place: Place) -> Iterator[Complaint]:
    """The number can be read."""
    example = loaded.example
    if counter.answers is not None:
        yield from files.path((*place, "value"), counter.answers.value)
        if counter.answers.get.startswith("/") and example.workload.http is None:
            message = f"{dotted((*place, 'get'))}: a path alone needs workload.http for its host"
            hint = "write the whole address: http://127.0.0.1:8080/stats"
            yield Complaint((*place, "get"), "bad-counter", message, hint)
        return
    name = str(counter.from_)
    head, _, rest = name.partition(".")
    hosted = example.target.python or example.target.node
    if head == "state" and rest and hosted is not None and hosted.state is None:
        message = f"{dotted(place)}: {name!r} is a number of state(), and target has no state"
        hint = "write target.python.state: module:function, which gives the numbers"
        yield Complaint(place, "bad-counter", message, hint)
    elif head == "state" and example.workload.calls is None:
        message = f"{dotted(place)}: {name!r} is a number of a hosted function, and none is hosted"
        hint = "name a Prometheus series, or {get: /stats, value: last_id}, or ops"
        yield Complaint(place, "bad-counter", message, hint)
    elif head == "ops" and rest and rest not in journey_mix(example):
        message = f"{dotted(place)}: there is no journey {rest!r}"
        hint = f"the journeys are {', '.join(journey_mix(example))}"
        yield Complaint(place, "unknown-name", message, hint)
    elif (
        head not in ("state", "ops")
        and not name.startswith("gauge:state.")
        and not any(probe.prometheus for probe in example.target.probes)
    ):
        message = f"{dotted(place)}: {name!r} is a series of Prometheus, and no probe reads one"
        hint = (
            "write state.NAME for a number of state(), ops for the operations themselves, "
            "{get: /stats, value: last_id}, or add target.probes: [{prometheus: ...}]"
        )
        yield Complaint(place, "bad-counter", message, hint)


def _preset(loaded: Loaded, counter: Counter, place: Place) -> Iterator[Complaint]:
    """The counter can be set, and there is a reason to."""
    example = loaded.example
    preset = counter.preset
    assert preset is not None
    yield from form.exactly(place, preset, PRESETS, "how the counter is set")
    if example.kind != "wrap":
        message = f"{dotted(place)}: only kind: wrap sets a counter; a {example.kind} counts it"
        yield Complaint(place, "kind-shape", message, "take it out", at_key=True)
    if preset.json_ is not None and preset.post is None:
        message = f"{dotted((*place, 'json'))}: belongs to post, and there is none"
        yield Complaint((*place, "json"), "bad-preset", message, "take it out", at_key=True)
    if preset.setup is not None:
        hosted = example.target.python or example.target.node
        if hosted is None or hosted.setup is None:
            message = f"{dotted((*place, 'setup'))}: there is no target.python.setup to hand it to"
            hint = "name the function that prepares the call, or set it with env, run or post"
            yield Complaint((*place, "setup"), "bad-preset", message, hint, at_key=True)
        size = example.workload.calls.size if example.workload.calls is not None else {}
        for name in sorted(set(preset.setup) & set(size)):
            message = f"{dotted((*place, 'setup', name))}: workload.calls.size has {name!r} too"
            hint = "setup() gets both; keep one"
            yield Complaint((*place, "setup", name), "bad-preset", message, hint, at_key=True)
    for name in sorted(set(preset.env or {}) & set(example.target.env)):
        message = f"{dotted((*place, 'env', name))}: target.env has {name!r} too"
        yield Complaint((*place, "env", name), "bad-preset", message, "keep one", at_key=True)
    if preset.env is not None and example.target.attach is not None:
        message = f"{dotted((*place, 'env'))}: a target that runs already has its environment"
        yield Complaint((*place, "env"), "bad-preset", message, "set it with run or post")
    if preset.post is not None and preset.post.startswith("/") and example.workload.http is None:
        message = f"{dotted((*place, 'post'))}: a path alone needs workload.http for its host"
        hint = "write the whole address: http://127.0.0.1:8080/counter"
        yield Complaint((*place, "post"), "bad-preset", message, hint)
