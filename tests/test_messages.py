"""``docs/messages.md`` lists every slug that the package can show, and no other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from perfstress import wording
from tests.broken.corpus import CORPUS

ROOT = Path(__file__).parent.parent

# Where the slug stands among the arguments.
_POSITIONS = {"Problem": 1, "Complaint": 1, "_at": 2, "_refused": 4, "complain": 0}


def _constants(node: ast.expr) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str) and part.value:
            yield part.value


def _slugs() -> set[str]:
    found = {slug for _, slug, _ in wording._PATTERNS}
    found |= {"bad-duration", "bad-size", "bad-rate"}  # put together from the noun
    for path in (ROOT / "perfstress").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            for keyword in node.keywords:
                if keyword.arg == "slug" and isinstance(keyword.value, ast.Constant | ast.IfExp):
                    found |= set(_constants(keyword.value))
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            at = _POSITIONS.get(name)
            if at is not None and len(node.args) > at and isinstance(node.args[at], ast.Constant):
                found |= set(_constants(node.args[at]))
    return found


def _told() -> list[str]:
    page = (ROOT / "docs" / "messages.md").read_text()
    return re.findall(r"^\| `([a-z0-9-]+)` \|", page, re.MULTILINE)


def test_every_slug_is_told_once() -> None:
    told = _told()
    assert len(told) == len(set(told))
    assert _slugs() - set(told) == set()


def test_no_slug_is_told_that_does_not_exist() -> None:
    assert set(_told()) - _slugs() == set()


def test_every_slug_of_an_example_has_a_broken_example() -> None:
    page = (ROOT / "docs" / "messages.md").read_text()
    parts = re.split(r"^## ", page, flags=re.MULTILINE)
    about = ("The keys", "What stands", "Concrete", "Scale-true")
    slugs = {
        slug
        for part in parts
        if part.startswith(about)
        for slug in re.findall(r"^\| `([a-z0-9-]+)` \|", part, re.MULTILINE)
    }
    assert slugs - {broken.slug for broken in CORPUS} == {"bad-set"}  # of the command line
