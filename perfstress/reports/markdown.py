"""A verdict as Markdown, for a comment on a pull request."""

from __future__ import annotations

import re
from typing import TextIO

from perfstress import telling
from perfstress.run import Run
from perfstress.verdict import Finding, Verdict

# What Markdown or the HTML within it would take for its own.
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~@])")


def report(verdict: Verdict, run: Run, out: TextIO) -> None:
    """Write the verdict, the findings, the conditions and what the judgement rests on."""
    reduced = " (REDUCED)" if verdict.reduced else ""
    reduced += " (PLANTED)" if verdict.planted else ""
    lines = [f"## {plain(verdict.example)}: {verdict.outcome.value}{reduced}", ""]
    lines += [plain(run.example.title), ""]
    if ended := telling.ending(run.manifest):
        lines += [f"**Partial run:** {plain(ended)}.", ""]
    lines += [f"- {plain(reason)}" for reason in telling.reasons(verdict)]
    for finding in telling.in_order(verdict.findings):
        lines += ["", *_finding(finding)]
    if verdict.checks:
        lines += ["", "| success | | seen |", "|---|---|---|"]
        lines += [
            f"| {plain(check.text)} | {telling.HELD[check.outcome]} | {plain(check.seen)} |"
            for check in telling.checks_in_order(verdict.checks)
        ]
    if verdict.could_not_see:
        lines += ["", "Could not have been seen:", ""]
        lines += [
            f"- {plain(noun)}: {plain(text)}"
            for noun, text in map(telling.blind_spot, verdict.could_not_see)
        ]
    load = (telling.load_requests, telling.load_rate, telling.load_latency, telling.load_health)
    lines += ["", f"- load: {plain('; '.join(filter(None, (part(verdict) for part in load))))}"]
    lines += [f"- note: {plain(note)}" for note in verdict.notes]
    if verdict.next_step:
        lines.append(f"- next: {plain(verdict.next_step)}")
    out.write(re.sub(r"\n{3,}", "\n\n", "\n".join(lines)) + "\n")


def _finding(finding: Finding) -> list[str]:
    told = "" if finding.fails else " (told, does not fail)"
    lines = [f"**{plain(finding.label)}** {plain(finding.kind)}{told}: {plain(finding.summary)}"]
    lines += ["", *(f"- {label}: {plain(fact)}" for label, fact in telling.facts(finding))]
    if finding.diagnosis:
        lines.append(f"- look at: {plain(finding.diagnosis)}")
    return lines


def plain(text: str) -> str:
    """Text that Markdown shows as it is, on one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
