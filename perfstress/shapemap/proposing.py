"""The next worked example: the text of a draft that visits an empty region.

The target and the workload are those of an example that is there, word for word; the levels are
those of production. What its author has to settle says TODO.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from perfstress import plan
from perfstress.loading import Loaded
from perfstress.shapemap import words
from perfstress.shapemap.positions import Envelope
from perfstress.shapemap.regions import Gap, Region
from perfstress.shapemap.shaping import Design, design
from perfstress.shapemap.targets import Mapped

TODO_PATHS = "TODO: what is built or changed next, for its first commit has to come after this file"
TODO_SIZE = "TODO: commit an input of that size, and take this waiver out"
_HUNTED = 4
_SCHEMA = re.compile(r"# yaml-language-server: .*")


def name_of(gap: Gap, taken: Sequence[str]) -> str:
    """A name that is free: ``checkout-duration-burst``, from the target's last word."""
    found = re.findall(r"[a-z0-9]+", gap.target.name.split(" in ")[0].lower())
    last = [word for word in found if word not in ("python", "m", "py", "js", "op", "app")][-1:]
    parts = [
        *last,
        *gap.region.corner,
        *([] if gap.region.ordering == "any" else [gap.region.ordering]),
    ]
    name = "-".join(parts)[:70]
    number = 2
    while name in taken:
        name = f"{'-'.join(parts)[:70]}-{number}"
        number += 1
    return name


def bases(gap: Gap) -> list[Mapped]:
    """The examples whose workload can be taken over, the best first: of no sweep, with
    journeys that have no rate of their own, with the size that is asked for, really visited.
    """
    return sorted(gap.target.examples, key=lambda one: _fitness(gap, one), reverse=True)


def _fitness(gap: Gap, one: Mapped) -> tuple[bool, ...]:
    example, region = one.example, gap.region
    share = gap.target.drafted[one.name]
    mix = plan.journey_mix(example)
    return (
        example.shape.size is None,
        len(mix) > 1 or region.ordering != "mixed",
        len(plan.own_rates(example)) < len(mix),
        "size" not in region.corner or share.reaches("size", region.size),
        bool(one.visited),
    )


def draft(gap: Gap, base: Loaded, said: Mapping[str, Loaded], name: str) -> str:
    """The text of an example called ``name``. ``said`` are the examples of the target by name,
    of which the envelope has its figures.
    """
    region, envelope = gap.region, gap.target.envelope
    rate = str(_production(said[envelope.said_by["rate"]])["rate"])
    made = design(region, envelope, rate, base.example, base.document["success"])
    asked = words.asked(region, envelope)
    return "\n".join(
        [
            *_SCHEMA.findall(base.source)[:1],
            *_comment(f"Nobody has visited {asked}: perfstress shapes says so. The target and the "
                      f"workload are those of {base.example.name}."),
            "perfstress: 1",
            f"name: {name}",
            f"title: {_text(_title(gap, asked))}",
            f"kind: {made.kind}",
            *([f"phase: {base.example.phase}"] if base.example.phase else []),
            f"hunts: [{', '.join(region.classes[:_HUNTED])}]",
            "",
            "production:",
            *_indented(_envelope(gap, rate, base, said, made)),
            "",
            "implementation:",
            f"  paths: [{_text(TODO_PATHS)}]",
            "",
            *_block(base, "target"),
            *_block(base, "services"),
            *_workload(base, region, envelope),
            *(["faults:", *(f"  - {fault}" for fault in made.faults), ""] if made.faults else []),
            "shape:",
            *_indented(made.shape),
            "",
            "success:",
            *(f"  - {line}" for line in made.success),
            *([""] if "allow_hosts" in base.document else []),
            *_block(base, "allow_hosts"),
        ]
    ).rstrip() + "\n"  # fmt: skip


def _title(gap: Gap, asked: str) -> str:
    return f"{asked[0].upper()}{asked[1:]}, against {gap.target.name}"


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in textwrap.wrap(text, 110, break_on_hyphens=False)]


def _production(loaded: Loaded) -> Mapping[str, Any]:
    found: Mapping[str, Any] = loaded.document["production"]
    return found


def _envelope(
    gap: Gap, rate: str, base: Loaded, said: Mapping[str, Loaded], made: Design
) -> Iterator[str]:
    """The figures of the envelope with whose they are. Sizes that the workload does not reach are
    left out, unless the region asks for them.
    """
    envelope, region = gap.target.envelope, gap.region
    by = envelope.said_by
    share = gap.target.drafted[base.example.name]
    yield f"rate: {rate}  # as {by['rate']} has it"
    yield f"concurrency: {int(envelope.users)}  # as {by['concurrency']} has it"
    wanted = region.size if "size" in region.corner else ""
    sizes = {
        name: amount
        for name, amount in envelope.sizes.items()
        if name == wanted or share.reaches("size", name)
    }
    if sizes:
        yield f"size: {{{', '.join(f'{name}: {amount}' for name, amount in sizes.items())}}}"
    if made.operations is not None and envelope.counted:
        yield f"operations: {int(envelope.operations)}  # as {by['operations']} has it"
    yield f"horizon: {_production(said[by['horizon']])['horizon']}"
    sources = [str(_production(said[one])["source"]) for one in dict.fromkeys(by.values())]
    yield f"source: {_text('; '.join(dict.fromkeys(sources)))}"
    waived = dict(_production(base).get("waive", {}))
    waived = {name: why for name, why in waived.items() if name == "concurrency"}
    if base.example.workload.calls is None:
        if wanted and not share.reaches("size", wanted):
            waived["size"] = TODO_SIZE
        elif base.example.shape.size is not None and sizes:
            waived["size"] = f"the workload below has the largest size of {base.example.name}"
    if waived:
        yield f"waive: {{{', '.join(f'{name}: {_text(why)}' for name, why in waived.items())}}}"


def _workload(base: Loaded, region: Region, envelope: Envelope) -> Iterator[str]:
    """The workload word for word. A function's sizes are raised to those of production; what a
    sweep varied has its largest size throughout.
    """
    swept, calls = base.example.shape.size, base.example.workload.calls
    sizes = {} if swept is None else {swept.name: swept.all[-1]}
    if "size" in region.corner:
        sizes[region.size] = envelope.sizes[region.size]
    if calls is None or not sizes:
        text = "\n".join(_block(base, "workload"))
        for name, amount in sizes.items():
            text = re.sub(rf"{{{{\s*size\.{name}\s*}}}}", str(amount), text)
        yield from text.split("\n")
        return
    told = ", ".join(f"{name}: {amount}" for name, amount in {**calls.size, **sizes}.items())
    yield from ("workload:", "  calls:", f"    size: {{{told}}}")
    if calls.by != "threads":
        yield f"    by: {calls.by}"
    yield ""


def _block(base: Loaded, key: str) -> Iterator[str]:
    """A part of the base as it stands there with its comments, or as JSON where it is no block of
    its own lines; nothing where there is none.
    """
    if key not in base.document:
        return
    at = base.positions[(key,)]
    if at.key_column == 1:
        lines = base.source.splitlines()
        rest = lines[at.key_line :]
        end = next((number for number, line in enumerate(rest) if line[:1].strip()), len(rest))
        block = [lines[at.key_line - 1], *rest[:end]]
        while not block[-1].strip():
            block.pop()
        yield from block
    else:
        yield f"{key}: {json.dumps(base.document[key], ensure_ascii=False)}"
    yield ""


def _indented(lines: Sequence[str] | Iterator[str]) -> list[str]:
    return [f"  {line}" for line in lines]


def _text(value: str) -> str:
    """A text in quotes, as JSON, which is YAML on one line."""
    return json.dumps(value, ensure_ascii=False)
