"""``regressions/caught.jsonl``: a line a catch, appended and committed."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path

from perfstress import library
from perfstress.errors import LibraryError
from perfstress.ledger.catch import Catch
from perfstress.wholefile import write_whole

FILE = Path(library.FOLDER, "caught.jsonl")
NOTHING = "It has caught nothing yet.\n"
# Our own words alone: what people have written there stays.
_SECTION = re.compile(
    r"^It has caught(?: nothing yet\.|:\n).*?(?=\n#|\Z)", re.MULTILINE | re.DOTALL
)


def kept(root: Path) -> list[Catch]:
    """Every catch in the order in which it was found; raises LibraryError for a line that is none.

    Of lines with the same key the last counts.
    """
    try:
        lines = (root / FILE).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "is not UTF-8"
        raise LibraryError(
            f"{FILE}: cannot be read: {why}", hint="restore it from git", slug="damaged-ledger"
        ) from error
    found: dict[tuple[str, str, str, str], Catch] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            catch = Catch.from_json(json.loads(line))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise LibraryError(
                f"{FILE}:{number}: not a line of the ledger",
                hint="restore it from git; where two branches met, keep the lines of both",
                slug="damaged-ledger",
            ) from error
        found[catch.key] = catch
    return sorted(found.values(), key=lambda one: (one.found_at, one.key))


def keep(root: Path, catches: Sequence[Catch]) -> list[Catch]:
    """Append what is not there yet in the same words; gives back what was appended."""
    before = {one.key: one for one in kept(root)}
    new = [one for one in catches if before.get(one.key) != one]
    if new:
        path = root / FILE
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = "".join(json.dumps(one.as_json(), ensure_ascii=False) + "\n" for one in new)
        with path.open("ab") as file:
            if file.tell() and not _ends_a_line(path):
                lines = "\n" + lines
            file.write(lines.encode())
            file.flush()
            os.fsync(file.fileno())
    return new


def record(root: Path, catches: Sequence[Catch]) -> list[Catch]:
    """Append what is new and tell it on the pages of the entries; gives back what was new."""
    new = keep(root, catches)
    for name in sorted({one.example for one in new}):
        renew_page(root, name)
    return new


def renew_page(root: Path, name: str) -> None:
    """Tell on the page of an entry, where there is one, what the ledger has of it."""
    page = root / library.FOLDER / name / library.PAGE
    mine = [one for one in kept(root) if one.example == name]
    if mine and page.is_file():
        write_whole(page, with_section(page.read_text(encoding="utf-8"), mine))


def _ends_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def section(catches: Sequence[Catch]) -> str:
    """What an entry's page says of what it has caught."""
    if not catches:
        return NOTHING
    lines = [f"- {_line(one)}" for one in catches]
    return "It has caught:\n\n" + "\n".join(lines) + "\n"


def _line(one: Catch) -> str:
    found = f"found at `{(one.found or 'unknown')[:7]}` on {one.found_at[:10]}"
    if one.mended is None:
        mended = "not mended yet"
    else:
        word = "by" if one.at_the_latest else "in"
        mended = f"mended {word} `{one.mended[:7]}`"
    return f"{one.kind} of {one.resource}, {found}, {mended}: {one.summary}"


def with_section(page: str, catches: Sequence[Catch]) -> str:
    """The page with its part about catches written anew; at its end where it has none of ours."""
    told = section(catches)
    if _SECTION.search(page):
        return _SECTION.sub(lambda _: told, page, count=1)
    return f"{page.rstrip()}\n\n{told}"
