"""An example that is promoted again: what has changed since, and whether it asks for less now."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perfstress import library, rules, yamlio
from perfstress.errors import LibraryError

Change = Mapping[str, Any]

# What the page of an entry says it has caught is written by people, and outlives a promotion.
CAUGHT = re.compile(r"^It has caught\b.*", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Former:
    """The entry that stands where an example is to be promoted, and what sets the two apart.

    ``changes`` are the fields that differ: ``field``, ``before``, ``after``. ``weakened`` are those
    by which less is asked for now.
    """

    entry: library.Entry
    changes: tuple[Change, ...] = ()
    weakened: tuple[Change, ...] = ()
    caught: str = ""

    def history(self, *, until: str, commit: str | None, reason: str) -> list[Change]:
        """The earlier promotions, the oldest first, this entry's own the last of them.

        Each has when and at which commit it was promoted, when and by which commit it was replaced,
        and what changed then, field by field.
        """
        baseline = self.entry.baseline
        earlier = baseline.get("history")
        return [
            *(earlier if isinstance(earlier, list) else []),
            {
                "promoted_at": baseline.get("promoted_at"),
                "commit": baseline.get("commit"),
                "replaced_at": until,
                "replaced_by": commit,
                "changes": [dict(change) for change in self.changes],
                "weakened": [str(change["field"]) for change in self.weakened],
                "reason": reason,
            },
        ]


def former(root: Path, name: str, source: Path) -> Former | None:
    """What is promoted under a name now, beside the file that is to take its place.

    Raises LibraryError where the frozen example was edited: what it asked for is not known then.
    """
    folder = root / library.FOLDER / name
    frozen = folder / library.EXAMPLE
    if not frozen.is_file():
        return None
    entry = library.entry(folder)
    digest = entry.baseline.get("files", {}).get(library.EXAMPLE)
    if digest is not None and library.sha256(frozen) != digest:
        raise LibraryError(
            f"{frozen}: not what was promoted (sha256 {digest[:12]}… expected)",
            hint="restore it from git: what is promoted anew is held against it",
            slug="entry-changed",
        )
    older, newer = (path.read_text(encoding="utf-8") for path in (frozen, source))
    return Former(
        entry,
        tuple(differences(older, newer)),
        tuple(rules.weakening(older, newer)),
        _caught(folder / library.PAGE),
    )


def _caught(page: Path) -> str:
    try:
        found = CAUGHT.search(page.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return ""
    return found[0].strip() if found else ""


def differences(older: str, newer: str) -> list[Change]:
    """The fields in which two texts of an example differ; comments and layout are none.

    Elements of a list are the same where they have the same name, or are equal.
    """
    return list(_differing("", yamlio.plain(older), yamlio.plain(newer)))


def _differing(where: str, before: Any, after: Any) -> Iterator[Change]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in dict.fromkeys([*before, *after]):
            place = f"{where}.{key}" if where else str(key)
            yield from _differing(place, before.get(key), after.get(key))
    elif isinstance(before, list) and isinstance(after, list):
        old, new = _named(before), _named(after)
        if old is not None and new is not None:
            yield from _differing(where, old, new)
            if list(old) != list(new) and sorted(old) == sorted(new):
                yield _change(where, list(old), list(new))
        elif not _scalars(before) or not _scalars(after) or sorted(before) == sorted(after):
            if not _same(before, after):
                yield _change(where, before, after)
        else:
            yield from (_change(where, one, None) for one in before if one not in after)
            yield from (_change(where, None, one) for one in after if one not in before)
    elif not _same(before, after):
        yield _change(where, before, after)


def _same(before: Any, after: Any) -> bool:
    """Whether they say the same: false is not 0, a key without a value is as good as none."""
    return _canonical(before) == _canonical(after)


def _canonical(value: Any) -> str:
    if isinstance(value, dict):
        kept = ((str(key), _canonical(each)) for key, each in value.items() if each is not None)
        return json.dumps(sorted(kept))
    if isinstance(value, list):
        return json.dumps(["list", *map(_canonical, value)])
    return json.dumps(value, default=str)


def _named(elements: Sequence[Any]) -> dict[str, Any] | None:
    """The elements by their names, if each has one of its own."""
    names = [str(one["name"]) for one in elements if isinstance(one, dict) and "name" in one]
    if len(names) != len(elements) or len(set(names)) != len(names):
        return None
    return dict(zip(names, elements, strict=True))


def _scalars(elements: Sequence[Any]) -> bool:
    """Whether they are texts, no two the same: lines of ``success``, paths, words."""
    return all(isinstance(one, str) for one in elements) and len(set(elements)) == len(elements)


def _change(field: str, before: Any, after: Any) -> Change:
    return {"field": field, "before": before, "after": after}


def sentence(change: Change) -> str:
    """A change for people."""
    if change["before"] is None:
        return f"{change['field']}: new: {change['after']}"
    if change["after"] is None:
        return f"{change['field']}: gone: {change['before']}"
    return f"{change['field']}: {change['before']} -> {change['after']}"
