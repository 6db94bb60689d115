"""Seals: which text of an example was committed when, written into its runbook's front matter.

A squash merge makes one commit of the example and its code, and git cannot tell any more which
came first. The seal, landed before, can.
"""

from __future__ import annotations

import re
from pathlib import Path

from perfstress import frontmatter, phases, provenance
from perfstress.errors import UsageError
from perfstress.phases import Runbook, Seal
from perfstress.scalars import scalar
from perfstress.standing import Standing


def seal(root: Path, standing: Standing) -> Seal:
    """The seal of an example as it is committed.

    Raises UsageError where there is nothing to seal: no sound example, an uncommitted or changed
    one, one whose implementation has begun, or none that git can tell of.
    """
    name, path, origin = standing.example, standing.path, standing.origin
    if path is None or standing.loaded is None or origin is None:
        there = "cannot be read" if path is not None else "there is no such example"
        raise UsageError(
            f"{name}: {there}",
            hint=f"perfstress lint {phases.shown(path)}"
            if path
            else "perfstress draft  writes one",
            slug="cannot-seal",
        )
    if origin.state == "cannot-tell":
        raise UsageError(f"{name}: git cannot tell: {origin.reason}", slug="cannot-seal")
    if begun := origin.implementation_commit:
        shows = (
            "git shows that the example came first; a merge that does not squash keeps that"
            if origin.state == "before"
            else "seal the next example when it is committed"
        )
        raise UsageError(
            f"{name}: the implementation has begun already, in {begun[:7]}; "
            "a seal made now would prove nothing",
            hint=shows,
            slug="already-begun",
        )
    found = provenance.committed(root, path)
    if found is None or found.changed:
        state = "is not committed yet" if found is None else "is not as it was committed"
        raise UsageError(
            f"{name}: {phases.shown(path)} {state}",
            hint=f"git add {phases.shown(path)} && git commit",
            slug="not-committed",
        )
    return Seal(name, found.blob, found.commit, found.at)


def page_with(runbook: Runbook, seals: list[Seal]) -> str:
    """The text of a runbook with more seals in its front matter, everything else as it is.

    Raises UsageError where the page is written in a way that cannot be added to safely.
    """
    with runbook.path.open(encoding="utf-8", newline="") as file:
        text = file.read()
    changed = added(text, seals)
    if changed is None:
        lines = "\n".join(f"  {line}" for line in _lines(seals))
        raise UsageError(
            f"{runbook.display}: its list `sealed` cannot be added to as it is written",
            hint=f"write it with an item a line, and add\n{lines}",
            slug="cannot-seal",
        )
    return changed


def added(text: str, seals: list[Seal]) -> str | None:
    """A page with more seals in its front matter; None where what would come of it, read again, is
    not the same page with just these seals more.
    """
    end = "\r\n" if "\r\n" in text.split("\n", 1)[0] + "\n" else "\n"
    plain = text.removeprefix("\ufeff").replace("\r\n", "\n")
    front, _ = frontmatter.read(plain, "")
    if front is None:
        return None
    lines = plain.split("\n")
    at, indent = _where(lines, front)
    new = [f"{indent}{line}" for line in _lines(seals)]
    if "sealed" not in front.document:
        new.insert(0, "sealed:")
    lines[at:at] = new
    if "sealed" in front.document and not front.document["sealed"]:
        line = front.at("sealed", key=True)[0] - 1
        lines[line] = re.sub(r"(sealed\s*:)\s*(\[\s*\]|null|~)?", r"\1", lines[line])
    changed = "\n".join(lines)
    again, _ = frontmatter.read(changed, "")
    before = front.document.get("sealed") or []
    more = [{"example": s.example, "blob": s.blob, "commit": s.commit, "at": s.at} for s in seals]
    if again is None or again.document != {**front.document, "sealed": [*before, *more]}:
        return None
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    return mark + (changed if end == "\n" else changed.replace("\n", end))


def _where(lines: list[str], front: frontmatter.FrontMatter) -> tuple[int, str]:
    """The line to write before (counted from 0), and what to indent by."""
    if "sealed" not in front.document:
        return front.end - 1, "  "
    inside = [spot.line for place, spot in front.positions.items() if place[:1] == ("sealed",)]
    last = max(inside)
    first = front.positions.get(("sealed", 0))
    dash = re.match(r"( *)- ", lines[first.line - 1]) if first is not None else None
    return last, dash[1] if dash else "  "


def _lines(seals: list[Seal]) -> list[str]:
    """A line for each seal. The names of objects stand in quotes: some would be numbers without."""
    return [
        f'- {{example: {_name(s.example)}, blob: "{s.blob}", commit: "{s.commit}", at: {s.at}}}'
        for s in seals
    ]


def _name(name: str) -> str:
    return name if isinstance(scalar(name), str) else f'"{name}"'
