"""Problems as SARIF 2.1.0, which code review shows beside the lines that they are about."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from perfstress.errors import Problem
from perfstress.version import __version__

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
HELP = "docs/messages.md of perfstress says what each rule means and what to do."


def document(files: Sequence[tuple[Path, Sequence[Problem], Sequence[str]]], root: Path) -> Any:
    """The log of one lint: each file with its problems, and what weakened it since, as texts.

    Paths are relative to ``root``, the top of the repository.
    """
    rules: dict[str, str] = {}
    results: list[Mapping[str, Any]] = []
    for path, problems, weakened in files:
        uri = _uri(path, root)
        for problem in problems:
            rules.setdefault(problem.slug, problem.hint)
            number = list(rules).index(problem.slug)
            results.append(_result(problem, uri, number))
        for text in weakened:
            rules.setdefault("weakened", "say why in the runbook, or take the edit back")
            told = Problem(str(path), "weakened", text)
            results.append(_result(told, uri, list(rules).index("weakened"), level="warning"))
    driver = {
        "name": "perfstress",
        "semanticVersion": __version__,
        "rules": [_rule(slug, hint) for slug, hint in rules.items()],
    }
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(slug: str, hint: str) -> Mapping[str, Any]:
    said = f"{hint[:1].upper()}{hint[1:]}. {HELP}" if hint else HELP
    return {"id": slug, "shortDescription": {"text": slug}, "help": {"text": said}}


def _result(problem: Problem, uri: str, rule: int, level: str = "error") -> Mapping[str, Any]:
    hint = f"\nhint: {problem.hint}" if problem.hint else ""
    place: dict[str, Any] = {"artifactLocation": {"uri": uri}}
    if problem.line:
        place["region"] = {"startLine": problem.line, "startColumn": max(problem.column, 1)}
    return {
        "ruleId": problem.slug,
        "ruleIndex": rule,
        "level": level,
        "message": {"text": problem.message + hint},
        "locations": [{"physicalLocation": place}],
    }


def _uri(path: Path, root: Path) -> str:
    """Relative to the root with slashes, and other characters than those of addresses escaped."""
    real = os.path.join(os.path.realpath(path.parent), path.name)
    relative = os.path.relpath(real, os.path.realpath(root))
    return quote(Path(relative).as_posix())
