"""The numbers of a verdict in words: growth, exhaustion, load and how a run ended, for every
report.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from perfstress.run import Manifest
from perfstress.units import human_bytes, human_count, human_duration
from perfstress.verdict import (
    BlindSpot,
    Check,
    Finding,
    GeneratorHealth,
    LoadSummary,
    Outcome,
    Verdict,
)

# How each outcome of a check is said; words, so that nothing depends on colour.
HELD: Mapping[Outcome, str] = {
    Outcome.PASS: "held",
    Outcome.FAIL: "BROKEN",
    Outcome.INCONCLUSIVE: "unclear",
}


def amount(value: float, unit: str) -> str:
    """A value with its unit for people; ``unit`` as in a Finding or a Metric, with or without
    "/op": ``64 B``, ``1,024``, ``3.2 ms``, ``0.98 descriptors``.
    """
    noun = unit.removesuffix("/op").strip()
    if noun in {"B", "bytes"}:
        return human_bytes(value)
    if noun in {"s", "seconds"}:
        return human_duration(value) if value >= 0 else f"-{human_duration(-value)}"
    if noun in {"", "count", "ratio"}:
        return human_count(value)
    return f"{human_count(value)} {noun}"


def growth(finding: Finding) -> str:
    """``0.98 descriptors per operation (99 % interval 0.97 to 0.99)``; empty without a growth."""
    if finding.per_op is None:
        return ""
    text = f"{amount(finding.per_op, finding.unit)} per operation"
    if finding.interval is not None:
        noun = finding.unit if finding.unit in {"B/op", "s/op"} else "/op"
        low, high = (amount(bound, noun) for bound in finding.interval)
        text += f" (99 % interval {low} to {high})"
    return text


def limit(finding: Finding) -> str:
    """The limit in the resource's own unit, or empty."""
    if finding.limit is None:
        return ""
    return amount(finding.limit, "B" if finding.unit == "B/op" else "")


def exhaustion(finding: Finding) -> str:
    """``the limit of 1,024 is reached in 26 min at the production rate``; empty when unknown."""
    if finding.exhausts_in_s is None or finding.exhausts_in_s == float("inf"):
        return ""
    what = f"the limit of {limit(finding)}" if finding.limit is not None else "the limit"
    when = human_duration(max(0.0, finding.exhausts_in_s))
    return f"{what} is reached in {when} at the production rate"


def confirmation(finding: Finding) -> str:
    """Whether a fresh process showed it again; empty when none was asked."""
    if finding.confirmed is None:
        return ""
    return "a fresh process showed it again" if finding.confirmed else "NOT seen in a fresh process"


def facts(finding: Finding) -> list[tuple[str, str]]:
    """Growth, exhaustion and confirmation, labelled, without what the summary says already."""
    found = [("again", confirmation(finding))]
    if finding.exhausts_in_s is None or not _says(finding, human_duration(finding.exhausts_in_s)):
        found.insert(0, ("reached", exhaustion(finding)))
    values = [] if finding.per_op is None else [finding.per_op, *(finding.interval or ())]
    noun = finding.unit if finding.unit in {"B/op", "s/op"} else "/op"
    if not all(_says(finding, amount(value, noun)) for value in values):
        found.insert(0, ("growth", growth(finding)))
    return [(label, text) for label, text in found if text]


def _says(finding: Finding, figure: str) -> bool:
    return re.search(rf"(?<![\w.]){re.escape(figure)}(?![\w.]*\w)", finding.summary) is not None


def blind_spot(spot: BlindSpot) -> tuple[str, str]:
    """The resource and what of it would not have shown, the resource named once."""
    noun, colon, rest = spot.text.partition(": ")
    return (noun, rest) if colon else (spot.resource, spot.text)


def in_order(findings: Sequence[Finding]) -> list[Finding]:
    """What fails first, soonest exhausted before the rest; otherwise as judged."""
    far = float("inf")
    return sorted(
        findings,
        key=lambda one: (
            not one.fails,
            far if one.exhausts_in_s is None else one.exhausts_in_s,
        ),
    )


def reasons(verdict: Verdict) -> list[str]:
    """The verdict's reasons that no finding's sentence says already."""
    said = {finding.summary for finding in verdict.findings}
    return [reason for reason in verdict.reasons if reason not in said]


def checks_in_order(checks: Sequence[Check]) -> list[Check]:
    """What broke first, then what is unclear, then what held; otherwise as written."""
    rank = {Outcome.FAIL: 0, Outcome.INCONCLUSIVE: 1, Outcome.PASS: 2}
    return sorted(checks, key=lambda check: rank[check.outcome])


def milliseconds(value: float | None) -> str:
    """A latency given in ms, for people; ``none`` without one."""
    return "none" if value is None else human_duration(value / 1e3)


def rate(hz: float | None) -> str:
    """``333/s``; ``unknown`` without one."""
    return "unknown" if hz is None else f"{human_count(hz if hz < 100 else round(hz))}/s"


def share(part: float, whole: float) -> str:
    """``0.12 %`` of a whole; ``0 %`` of nothing."""
    return f"{100 * part / whole:.2g} %" if whole and part else "0 %"


def load_requests(verdict: Verdict) -> str:
    """Requests and errors: ``200,000 requests, 12 errors (0.006 %: 10 status, 2 timeout)``."""
    load = verdict.load
    errors = sum(load.errors.values())
    text = f"{human_count(load.requests)} requests"
    if load.aborted:
        text += f", {human_count(load.aborted)} given up on purpose"
    if not errors:
        return f"{text}, no errors"
    parts = sorted(load.errors.items(), key=lambda item: (-item[1], item[0]))
    named = ", ".join(f"{human_count(count)} {name}" for name, count in parts if count)
    return f"{text}, {human_count(errors)} errors ({share(errors, load.requests)}: {named})"


def load_rate(verdict: Verdict) -> str:
    """Achieved against intended rate; the closed model intends none."""
    load = verdict.load
    if load.achieved_rate is None:
        return ""
    if load.intended_rate is None:
        return f"{rate(load.achieved_rate)} achieved"
    return f"{rate(load.achieved_rate)} of {rate(load.intended_rate)} intended"


def load_latency(verdict: Verdict) -> str:
    """``response p50 1.2 ms, p99 8.1 ms``; empty without any."""
    response = verdict.load.response_ms
    named = [
        f"{name} {milliseconds(response[name])}"
        for name in ("p50", "p99")
        if response.get(name) is not None
    ]
    return f"response {', '.join(named)}" if named else ""


def phases(load: LoadSummary) -> list[str]:
    """A line for each phase that requests went through: how often, the mean, the longest."""
    return [
        f"{phase:<10} mean {milliseconds(figures['mean'])}, max {milliseconds(figures['max'])}, "
        f"{human_count(figures['count'])} times"
        for phase, figures in load.phases_ms.items()
    ]


def load_phases(verdict: Verdict) -> str:
    """``time went into connect 0.2 ms (64), wait 1.1 ms, …``: means; empty without any."""
    requests = verdict.load.requests
    named = [
        f"{phase} {milliseconds(figures['mean'])}"
        + (f" ({human_count(figures['count'])})" if figures["count"] < requests else "")
        for phase, figures in verdict.load.phases_ms.items()
    ]
    return f"time went, on average, into {', '.join(named)}" if named else ""


def load_health(verdict: Verdict) -> str:
    """Whether the load was what was asked for: slip, dropped arrivals, the generator itself."""
    parts = []
    if verdict.load.slip_ms.get("p99") is not None:
        parts.append(f"slip p99 {milliseconds(verdict.load.slip_ms['p99'])}")
    parts.append(f"{human_count(verdict.load.dropped)} dropped")
    parts.append(generator(verdict.generator))
    return ", ".join(parts)


def generator(health: GeneratorHealth) -> str:
    """What the generator used, and what kept it from its work where something did."""
    many = health.processes > 1
    name = f"generator of {health.processes} processes" if many else "generator"
    told = [f"{name} CPU {health.cpu_share * 100:.0f} %{' of a core at most' if many else ''}"]
    if health.max_rss_bytes:
        told.append(f"{human_bytes(health.max_rss_bytes)}, {health.open_files:,} descriptors")
    if health.loop_lag_ms:
        told.append(f"loop lag up to {milliseconds(health.loop_lag_ms)}")
    if health.steal_share >= 0.005:
        told.append(f"steal {health.steal_share * 100:.1f} %")
    return ", ".join(told)


def ending(manifest: Manifest) -> str:
    """Empty for a complete run; else how it ended and what that means for what is told."""
    reason = f": {manifest.reason}" if manifest.reason else ""
    return {
        "complete": "",
        "running": "this run has no end: it is still going, or perfstress itself was killed; "
        "what was recorded until then is told",
        "interrupted": f"this run was interrupted{reason}; what was recorded until then is told",
        "failed": f"this run failed{reason}; what was recorded until then is told",
    }[manifest.state]
