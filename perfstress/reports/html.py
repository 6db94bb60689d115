"""A verdict for a browser: one page that needs no network, charts included."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TextIO

from markupsafe import Markup

from perfstress import telling
from perfstress.charts import Trend, capacity, charts, costs, nines, pairs, sheet, takings
from perfstress.reports.rendering import part, render, vendored
from perfstress.run import Run
from perfstress.runfile import EXAMPLE_SOURCE
from perfstress.shapemap.lying import lying_of
from perfstress.verdict import Verdict

TABLE_ROWS = 1500
EVIDENCE_CHARACTERS = 6_000
EVIDENCE_PARTS = 12


def report(verdict: Verdict, run: Run, out: TextIO) -> None:
    """Write the page. The same verdict and run give the same bytes."""
    data = charts(run, _trends(verdict))
    anchors = {chart["name"]: f"c{number}" for number, chart in enumerate(_all_charts(data))}
    for chart in _all_charts(data):
        chart["id"] = anchors[chart["name"]]
    table = data.pop("table")
    out.write(
        render(
            "page.html",
            v=verdict,
            run=run,
            m=run.manifest,
            telling=telling,
            reasons=telling.reasons(verdict),
            findings=telling.in_order(verdict.findings),
            checks=telling.checks_in_order(verdict.checks),
            ending=telling.ending(run.manifest),
            anchors=anchors,
            data=data,
            table=table[:TABLE_ROWS],
            rows_left_out=max(0, len(table) - TABLE_ROWS),
            latencies=_latencies(verdict),
            drawing=nines.draw(run),
            drawn=nines,
            capacities=capacity.capacities(run),
            stepped=capacity,
            beside=pairs.pairs(run),
            paired=pairs,
            costs=costs.costs(run),
            takings=takings.takings(run),
            sized=sheet,
            facts=list(_facts(run)),
            happened=[_happened(event.t_s, event.name, event.facts) for event in run.events],
            evidence=list(_evidence(run.evidence)),
            source=_source(run),
            lies=lying_of(run, verdict.load.operations),
            js=Markup(part("page.js")),
            uplot_css=Markup(vendored("uPlot.min.css")),
            uplot_js=Markup(vendored("uPlot.iife.min.js")),
        )
    )


def _all_charts(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [*data["resources"], *data["gauges"]]


def _trends(verdict: Verdict) -> list[Trend]:
    """The growth that findings claim, by series; a finding without a series names a resource."""
    return [
        Trend(finding.series or finding.resource, finding.per_op)
        for finding in telling.in_order(verdict.findings)
        if finding.per_op is not None
    ]


def _latencies(verdict: Verdict) -> list[tuple[str, list[str]]]:
    load = verdict.load
    kinds = (
        ("response", load.response_ms),
        ("service", load.service_ms),
        ("slip", load.slip_ms),
    )
    names = ("p50", "p90", "p99", "p99_9", "max")
    return [
        (kind, [telling.milliseconds(values.get(name)) for name in names])
        for kind, values in kinds
        if values
    ]


def _facts(run: Run) -> Iterator[tuple[str, str]]:
    """What was run, where and with what, as rows; nested facts under dotted names."""
    manifest = run.manifest
    yield "example", manifest.example_path
    yield "run", str(run.path)
    if run.confirming is not None:
        yield "confirmed by", str(run.confirming.path)
    if manifest.confirms is not None:
        yield "confirms", manifest.confirms
    yield "began", manifest.zero
    yield "kind", manifest.kind
    if manifest.scale != 1:
        yield "scale", f"{manifest.scale:g}"
    for key, limit in manifest.limits.items():
        yield f"limit.{key}", limit.name
    for piece, facts in (
        ("git", manifest.git),
        ("target", manifest.target),
        ("override", manifest.overrides),
        ("machine", manifest.environment),
    ):
        yield from _flat(piece, facts)


def _flat(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(f"{name}.{key}", inner)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        yield name, " ".join(str(one) for one in value)
    elif value is not None:
        yield name, str(value)


def _happened(t_s: float, name: str, facts: Mapping[str, Any]) -> tuple[float, str, str]:
    """One event as time, name and its facts on a line; log lines are shown elsewhere."""
    told = {key: value for key, value in facts.items() if key not in {"last_log", "health"}}
    parts = [
        f"{key} {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
        for key, value in told.items()
        if value not in (None, "", [])
    ]
    return t_s, name.replace("-", " "), ", ".join(parts)


def _evidence(evidence: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """The last description of each probe, as indented JSON, cut where it is very long."""
    last: dict[str, Mapping[str, Any]] = {}
    for one in evidence:
        last[str(one.get("probe", ""))] = one
    for probe, one in list(last.items())[:EVIDENCE_PARTS]:
        text = json.dumps(one.get("facts", {}), indent=1, ensure_ascii=False, default=str)
        if len(text) > EVIDENCE_CHARACTERS:
            text = text[:EVIDENCE_CHARACTERS] + "\n... (the whole is in evidence.jsonl)"
        yield f"{probe} at {one.get('t_s', 0)} s", text


def _source(run: Run) -> str:
    """The example as its author wrote it; secrets stand in it only by reference."""
    path = run.path / EXAMPLE_SOURCE
    return path.read_text("utf-8", errors="replace") if path.is_file() else ""
