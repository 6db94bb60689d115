"""What came of a replay as Markdown, for a comment on a pull request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from perfstress.replaying.results import Replayed, Summary
from perfstress.reports.markdown import plain
from perfstress.units import human_duration

# GitHub takes 65,536 characters in a comment, and refuses longer ones whole.
MOST_CHARACTERS = 60_000


def report(summary: Summary, out: TextIO) -> None:
    """Write the verdict, what is wrong in sentences, a table of it, and the rest folded away."""
    bad = [result for result in summary.results if result.verdict != "PASS"]
    good = [result for result in summary.results if result.verdict == "PASS"]
    wanted = summary.plan.wanted
    part = "" if wanted.shard is None else f", shard {wanted.shard[0]}/{wanted.shard[1]}"
    counted = f"{summary.passed} of {len(summary.results)} passed, {len(summary.left_out)} not run"
    took = human_duration(summary.seconds)
    head = [
        f"## perfstress replay: {summary.verdict}",
        "",
        f"{counted} (tier {wanted.tier}{part}, {took}).",
    ]
    if summary.interrupted:
        head += ["", "The replay was interrupted: what follows is a part of it."]
    tail: list[str] = []
    if good:
        tail += _folded(f"{len(good)} passed", _table(good))
    if summary.left_out:
        rows = [f"| {plain(left.name)} | {plain(left.why)} |" for left in summary.left_out]
        tail += _folded(f"{len(rows)} not run", ["| entry | why |", "|---|---|", *rows])
    body = ["", *_table(bad)] if bad else []
    for result in bad:
        body += ["", *_entry(result)]
    out.write("\n".join([*head, *_fitting(body, tail)]) + "\n")


def _fitting(body: Sequence[str], tail: Sequence[str]) -> list[str]:
    """All of it, or as much as a comment takes: what is wrong comes first."""
    kept: list[str] = []
    room = MOST_CHARACTERS
    for part in (body, tail):
        size = sum(len(line) + 1 for line in part)
        if size <= room:
            kept += part
            room -= size
            continue
        if part is tail:
            return [
                *kept,
                "",
                "The entries that passed or were not run are too many to be told here.",
            ]
        for line in part:
            room -= len(line) + 1
            if room < 0:
                return [*kept, "", "There is more than a comment takes; the run has the rest."]
            kept.append(line)
    return kept


def _entry(result: Replayed) -> list[str]:
    lines = [f"**{plain(result.name)}** {result.verdict}", ""]
    lines += [f"- {plain(sentence)}" for sentence in result.told]
    if result.hint:
        lines.append(f"- next: {plain(result.hint)}")
    return lines


def _table(results: Sequence[Replayed]) -> list[str]:
    rows = [
        f"| {plain(result.name)} | {result.verdict} | {result.took} | {plain(result.retried)} |"
        for result in results
    ]
    return ["| entry | verdict | took | |", "|---|---|---|---|", *rows]


def _folded(title: str, lines: Sequence[str]) -> list[str]:
    return ["", f"<details><summary>{title}</summary>", "", *lines, "", "</details>"]
