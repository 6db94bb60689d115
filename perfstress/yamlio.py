"""The one door to PyYAML: a text becomes a plain document, and each value knows where it stands.

Scalars are read by the core schema of YAML 1.2: ``on`` and ``yes`` are text, ``017`` is seventeen,
``1e3`` is a number, ``1:30`` and ``2026-11-20`` are text. Duplicate keys, tags, merge keys and keys
that are not text are refused. Every problem of a file is told at once, with its place.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from perfstress.errors import Problem
from perfstress.places import Place, dotted, wants_text
from perfstress.scalars import TooLong, scalar
from perfstress.wording import SYNTAX

# libyaml is ten times faster; a wheel without it still has the loader in Python.
_Safe: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Safe):  # type: ignore[misc]
    """Composes nodes without the tags of YAML 1.1: they take half the time, for nobody."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> str:
        return "tag:yaml.org,2002:str"

    def descend_resolver(self, current: Any, index: Any) -> None:
        pass

    def ascend_resolver(self) -> None:
        pass


# Far above any example that a person reads, far below what a malicious one would need.
MAX_NODES = 50_000
MAX_DEPTH = 40


@dataclass(frozen=True, slots=True)
class Position:
    """Where a value stands: 1-based line and column, and the same of its key.

    ``raw`` is a scalar as written; ``quoted`` says that its text begins one column further on, and
    ``plain`` that columns can be counted inside it at all.
    """

    line: int
    column: int
    key_line: int
    key_column: int
    raw: str | None = None
    quoted: bool = False
    plain: bool = False


class Positions(Mapping[Place, Position]):
    """Where each value of a document stands, reckoned when it is asked for: a sound file needs few.

    Holds of each place the node of the value and of its key.
    """

    __slots__ = ("nodes",)

    def __init__(self) -> None:
        self.nodes: dict[Place, tuple[Any, Any]] = {}

    def __getitem__(self, place: Place) -> Position:
        node, key_node = self.nodes[place]
        value, key = node.start_mark, key_node.start_mark
        text = node.value if isinstance(node, yaml.ScalarNode) else None
        return Position(
            line=value.line + 1,
            column=value.column + 1,
            key_line=key.line + 1,
            key_column=key.column + 1,
            raw=text,
            quoted=text is not None and node.style in ("'", '"'),
            plain=text is not None
            and node.style not in ("|", ">")
            and node.end_mark.line == value.line,
        )

    def __contains__(self, place: object) -> bool:
        return place in self.nodes

    def __iter__(self) -> Iterator[Place]:
        return iter(self.nodes)

    def __len__(self) -> int:
        return len(self.nodes)


@dataclass(slots=True)
class Reading:
    """What grows while the node tree is walked; ``refused`` are the places of which all is told."""

    positions: Positions = field(default_factory=Positions)
    problems: list[Problem] = field(default_factory=list)
    refused: set[Place] = field(default_factory=set)
    nodes: int = 0


def plain(text: str) -> dict[str, Any] | None:
    """The document in ``text`` as plain data, or None where it cannot be read (old commits)."""
    document, reading = read(text, "")
    return None if reading.problems else document


def foreign(text: str) -> Any:
    """Someone else's YAML as plain data: keys become text, aliases are shared and not unfolded.
    Raises ValueError saying where it cannot be read.
    """
    depth = 0
    try:
        for event in yaml.parse(text, Loader=_Loader):
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > 4 * MAX_DEPTH:
                raise ValueError(f"is nested more than {4 * MAX_DEPTH} deep")
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f" in line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise ValueError(f"is not YAML: {error.problem or error.context}{place}") from error
    except yaml.YAMLError as error:
        raise ValueError(f"is not YAML: {error}") from error
    return _shared(root, {}) if root is not None else None


def _shared(node: Any, known: dict[int, Any]) -> Any:
    """The value of a node, the same one for all of its aliases; of a loop the inner end is None."""
    if isinstance(node, yaml.ScalarNode):
        value = node.value if node.style else scalar(node.value)
        return None if isinstance(value, TooLong) else value
    if id(node) not in known:
        known[id(node)] = None
        if isinstance(node, yaml.MappingNode):
            known[id(node)] = {
                str(key.value): _shared(value, known)
                for key, value in node.value
                if isinstance(key, yaml.ScalarNode)
            }
        else:
            known[id(node)] = [_shared(value, known) for value in node.value]
    return known[id(node)]


# ---------------------------------------------------------------- text to plain data
def read(text: str, name: str) -> tuple[dict[str, Any] | None, Reading]:
    """The plain document, None when there is none to go on with; and what was noted on the way.

    ``name`` is how messages call the file.
    """
    reading = Reading()
    try:
        if not _is_simple(text):
            reading.problems += _scan(text, name)
        if reading.problems:
            return None, reading
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        reading.problems.append(_syntax(error, text, name))
        return None, reading
    except yaml.YAMLError as error:
        reading.problems.append(Problem(name, "bad-yaml", f"is not YAML: {error}", "", 1, 1))
        return None, reading
    if root is None:
        hint = "perfstress draft NAME --kind load  writes one to begin with"
        reading.problems.append(Problem(name, "empty-file", "is empty", hint, 1, 1))
        return None, reading
    document = _value(root, (), (), reading, name)
    if not isinstance(document, dict) and not reading.problems:
        kind = "a list" if isinstance(document, list) else "a single value"
        message, hint = f"is {kind}, not a mapping", "an example begins with  perfstress: 1"
        reading.problems.append(_at(name, root.start_mark, "not-a-mapping", message, hint))
    sound = isinstance(document, dict) and reading.nodes <= MAX_NODES
    return document if sound else None, reading


_MARKED = re.compile(r"!|^(?:---|\.\.\.|%)", re.MULTILINE)
_LONG = re.compile(r"[^\n]{300}")
_OPEN = re.compile(r"[\[{]")


def _is_simple(text: str) -> bool:
    """Whether the text has no tag and one document for certain, and nests no deeper than a tree can
    be built of: as deep as its longest line is long and as it opens brackets, at the most.
    """
    few = len(_OPEN.findall(text)) < 300
    return few and not _MARKED.search(text) and not _LONG.search(text)


def _scan(text: str, name: str) -> Iterator[Problem]:
    """What the stream of events shows before a tree is built: depth, documents, tags."""
    depth = documents = 0
    for event in yaml.parse(text, Loader=_Loader):
        mark: Any = event.start_mark
        at = (mark.line + 1, mark.column + 1)
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents == 2:
                hint = "one example a file; take out the --- or split the file"
                message = "a second document begins here"
                yield Problem(name, "several-documents", message, hint, *at)
                return
        elif isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                message = f"is nested more than {MAX_DEPTH} deep"
                yield Problem(name, "too-deep", message, "close a bracket", *at)
                return
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if tag := getattr(event, "tag", None):
            shown = tag.replace("tag:yaml.org,2002:", "!!")
            hint = "write the value without it; text goes in quotes"
            yield Problem(name, "tag", f"the tag {shown} is not allowed", hint, *at)


def _value(node: Any, place: Place, above: tuple[int, ...], reading: Reading, name: str) -> Any:
    reading.nodes += 1
    if len(above) > MAX_DEPTH:
        message = f"is nested more than {MAX_DEPTH} deep"
        return _refused(node, place, reading, name, "too-deep", message, "close a bracket")
    if id(node) in above:
        message, hint = "an alias contains itself", "write the value out"
        return _refused(node, place, reading, name, "alias-loop", message, hint)
    if reading.nodes > MAX_NODES:
        if reading.nodes == MAX_NODES + 1:
            message = f"aliases unfold to more than {MAX_NODES:,} values"
            _refused(node, place, reading, name, "too-large", message, "use fewer aliases")
        return None
    reading.positions.nodes[place] = (node, node)
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, place, (*above, id(node)), reading, name)
    if isinstance(node, yaml.SequenceNode):
        return [
            _value(item, (*place, index), (*above, id(node)), reading, name)
            for index, item in enumerate(node.value)
        ]
    if node.style:  # quoted or a block: always text
        return node.value
    value = scalar(node.value)
    if isinstance(value, float) and not math.isfinite(value):
        message, hint = f"{node.value} is not a number to work with", "write a finite number"
        return _refused(node, place, reading, name, "bad-number", message, hint)
    if isinstance(value, TooLong) and wants_text(place):
        return node.value  # a checksum that happens to be all digits
    if isinstance(value, TooLong):
        message = f"a number of {len(node.value):,} digits"
        hint = "write a smaller number, or put text in quotes"
        return _refused(node, place, reading, name, "bad-number", message, hint)
    return value


def _refused(
    node: Any, place: Place, reading: Reading, name: str, slug: str, message: str, hint: str
) -> None:
    """Note a problem of a value; nothing else is told of its place."""
    reading.refused.add(place)
    reading.problems.append(_at(name, node.start_mark, slug, message, hint))


def _mapping(
    node: yaml.MappingNode, place: Place, above: tuple[int, ...], reading: Reading, name: str
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    first: dict[str, int] = {}
    for key_node, value_node in node.value:
        key = _key(key_node, reading, name)
        if key is None:
            continue
        if key in found:
            message = f"{dotted((*place, key))} is given twice, first in line {first[key]}"
            hint = "keep one of them"
            mark = key_node.start_mark
            reading.problems.append(_at(name, mark, "duplicate-key", message, hint))
            continue
        first[key] = key_node.start_mark.line + 1
        inner = (*place, key)
        found[key] = _value(value_node, inner, above, reading, name)
        reading.positions.nodes[inner] = (value_node, key_node)
    return found


def _key(node: yaml.Node, reading: Reading, name: str) -> str | None:
    """The key's text, or None after a problem was noted."""
    mark = node.start_mark
    if not isinstance(node, yaml.ScalarNode):
        hint = 'a template has to stand in quotes: "{{ name }}"'
        message = "a key is text, not a list or a mapping"
        reading.problems.append(_at(name, mark, "bad-key", message, hint))
        return None
    if not node.style and node.value == "<<":
        message = "merge keys (<<) are not part of YAML 1.2"
        hint = "write the keys out; an alias for a whole value (*name) is allowed"
        reading.problems.append(_at(name, mark, "merge-key", message, hint))
        return None
    if not node.style and not isinstance(scalar(node.value), str):
        shown = node.value or "an empty key"
        message = f"{shown} is not text, and keys are text"
        hint = f'write it in quotes: "{node.value}"'
        reading.problems.append(_at(name, mark, "bad-key", message, hint))
        return None
    return str(node.value)


def _at(name: str, mark: Any, slug: str, message: str, hint: str) -> Problem:
    return Problem(name, slug, message, hint, mark.line + 1, mark.column + 1)


def _syntax(error: yaml.MarkedYAMLError, text: str, name: str) -> Problem:
    said = f"{error.context or ''} {error.problem or ''}"
    mark = error.problem_mark or error.context_mark
    opened = error.context_mark
    lines = text.split("\n")
    at_tab = (
        mark is not None
        and mark.line < len(lines)
        and "\t" in (lines[mark.line][: mark.column + 1])
    )
    if "cannot start any token" in said and at_tab:
        said = "tab character"
    for key, message, hint in SYNTAX:  # noqa: B007
        if key in said:
            if "opened here" in message and opened is not None:
                mark = opened
            break
    else:
        message, hint = f"is not YAML: {error.problem or error.context}", ""
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
    return Problem(name, "bad-yaml", message, hint, line, column)
