"""The sections of a runbook below its front matter: which there have to be, and what their tables
owe.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from perfstress.errors import Problem

NEEDED = ("What it builds", "Production envelope", "Success figures")

Places = Mapping[str, tuple[int, int]]


def check(text: str, name: str, named: Places) -> Iterator[Problem]:
    """Every problem of a page: sections that are missing, figures without a source, a table of
    examples that differs from those ``named`` (each with its line and column; none where they could
    not be read), what is still to be filled in.
    """
    lines = text.split("\n")
    yield from _missing(text, name)
    yield from _tables(lines, name, named)
    yield from _unfilled(lines, name)


def _missing(text: str, name: str) -> Iterator[Problem]:
    there = re.findall(r"(?m)^## +(.+?) *$", text)
    for section in NEEDED:
        if section not in there:
            message = f"there is no section  ## {section}"
            hint = f"add it; every runbook has  {', '.join(NEEDED)}"
            yield Problem(name, "missing-section", message, hint, text.count("\n") + 1, 1)


def _rows(lines: Sequence[str], section: str) -> Iterator[tuple[int, list[str]]]:
    """The rows of the tables of a section, without their heads: line and cells."""
    inside, row = False, 0
    for number, line in enumerate(lines, 1):
        if line.startswith("## "):
            inside = line[3:].strip() == section
        row = row + 1 if inside and line.startswith("|") else 0
        if row > 2:
            yield number, [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]]


def _tables(lines: Sequence[str], name: str, named: Places) -> Iterator[Problem]:
    for line, cells in _rows(lines, "Production envelope"):
        if len(cells) >= 3 and not cells[2]:
            message = f"{cells[0] or 'a figure'}: there is no source"
            yield Problem(
                name, "no-source", message, "a log and its dates, a bill, a contract", line, 1
            )
    told: dict[str, int] = {}
    for line, cells in _rows(lines, "Worked examples"):
        if cells and (match := re.fullmatch(r"`([^`]+)`", cells[0])):
            told[match[1]] = line
    for example, line in told.items():
        if named and example not in named:
            message = f"{example} stands in this table and not in the front matter"
            yield Problem(name, "table-differs", message, f"examples: [{example}, …]", line, 1)
    for example in named:
        if told and example not in told:
            message = f"{example} stands here and not in the table of worked examples"
            hint = "add a row: what would kill production unseen?"
            yield Problem(name, "table-differs", message, hint, *named[example])


def _unfilled(lines: Sequence[str], name: str) -> Iterator[Problem]:
    for number, line in enumerate(lines, 1):
        if match := re.search(r"\bTODO\b", line):
            message = f"{line.strip()[:60]}: still to be filled in"
            yield Problem(name, "placeholder", message, "write it down", number, match.start() + 1)
