"""What is wrong with the shape of a document, in plain English: pydantic's findings in words."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from perfstress.example import (
    HTTP_NOT_YET,
    KEYS_NOT_YET,
    KINDS_NOT_YET,
    PROBES_NOT_YET,
    WORKLOADS_NOT_YET,
)
from perfstress.peers import PEERS
from perfstress.places import (
    Complaint,
    Place,
    choices_at,
    dotted,
    homes,
    keys_at,
    pattern_of,
    place_of,
)
from perfstress.spelling import meant

Raw = Callable[[Place], str | None]


# Keys that only make sense with a kind that is refused anyway: said once, with the kind.
_OF_A_KIND: Mapping[str, tuple[str, ...]] = {}

_NOUNS: Mapping[str, str] = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping of keys to values",
    "model_type": "a mapping of keys to values",
}
_PATTERNS: tuple[tuple[str, str, str], ...] = (
    ("^[a-z0-9]", "bad-name", "a name is small letters, digits, - and _, such as black-friday"),
    ("^[0-9a-f]{64}", "bad-sha256", "a SHA-256 checksum is 64 hexadecimal digits, from sha256sum"),
    ("^[A-Za-z_]", "bad-call", "write package.module:function"),
    ("^[^#]", "bad-call", "write ./module.js#function"),
)
_QUANTITY = re.compile(r" is not a (duration|size|rate)\b")
_RANGE = re.compile(r"^\s*\d[\w.]*\s*(?:/\s*\w+)?\s*(?:-|–|\.\.+|to)\s*\d[\w./]*\s*$")


def complaints(error: ValidationError, document: Any, raw: Raw) -> list[Complaint]:
    """Everything that pydantic found, one complaint for each place."""
    by_place: dict[Place, list[ErrorDetails]] = {}
    told: list[Complaint] = []
    refused = _OF_A_KIND.get(document.get("kind", ""), ()) if _has_kind(document) else ()
    for details in error.errors(include_url=False):
        place = place_of(details["loc"], document)
        if details["type"] == "missing":
            told.append(_missing(place, str(details["loc"][-1])))
        elif details["type"] == "extra_forbidden":
            if not (len(place) == 1 and place[0] in refused):
                told.append(_unknown(place))
        else:
            by_place.setdefault(place, []).append(details)
    deeper = {complaint.place for complaint in told} | set(by_place)
    for place, found in by_place.items():
        exact = [details for details in found if not _is_of_another_kind(details)]
        if not exact and any(
            len(other) > len(place) or other in _places(told)
            for other in deeper
            if other[: len(place)] == place
        ):
            continue  # the other branch of a union says more, further in
        nouns = [details for details in found if details["type"] in _NOUNS]
        told.append(_said(place, exact or nouns or found, bool(exact), raw))
    return told


def _is_of_another_kind(details: ErrorDetails) -> bool:
    """Whether a branch of a union wants another kind of value, such as text for a mapping."""
    kind, value = details["type"], details["input"]
    is_scalar = not isinstance(value, Mapping | list)
    return kind in _NOUNS or (kind in ("literal_error", "value_error") and not is_scalar)


def _has_kind(document: Any) -> bool:
    return isinstance(document, Mapping) and isinstance(document.get("kind"), str)


def _places(told: list[Complaint]) -> set[Place]:
    return {complaint.place for complaint in told}


def _missing(parent: Place, key: str) -> Complaint:
    where = dotted(parent) or "the document"
    hints = {
        "seed": "any whole number; the same seed gives the same run",
        "source": "say where the figures come from: a log and its dates, a bill, a statement",
        "horizon": "how long one process has to live in production, such as 14d",
        "sha256": "the file's checksum, from sha256sum",
        "production": "what production will see: rate, concurrency, horizon, and their source",
        "implementation": "the files whose first commit comes after this one: {paths: [...]}",
        "success": "conditions, one a line, such as errors.rate < 0.1%",
        "perfstress": "the version of the format: perfstress: 1",
    }
    return Complaint(
        parent, "missing-key", f"{where}: {key!r} is missing", hints.get(key, "add it here")
    )


def _unknown(place: Place) -> Complaint:
    parent, key = place[:-1], str(place[-1])
    where = dotted(parent) or "the document"
    if _is_later(parent, key):
        message = f"{dotted(place)} is not in this version"
        taken = sorted(keys_at(parent)) if parent else []
        hint = f"this version takes {', '.join(taken)}" if 0 < len(taken) <= 4 else "take it out"
        return Complaint(place, "not-in-this-version", message, hint, at_key=True)
    return Complaint(
        place,
        "unknown-key",
        f"{where}: {key!r} is not a key that belongs here",
        _meant(parent, key),
        at_key=True,
    )


def _is_later(parent: Place, key: str) -> bool:
    if not parent:
        return key in KEYS_NOT_YET
    if parent == ("workload",):
        return key in WORKLOADS_NOT_YET
    if parent == ("workload", "http"):
        return key in HTTP_NOT_YET
    if parent[:2] == ("target", "probes"):
        return key in PROBES_NOT_YET
    return False


def _meant(parent: Place, key: str) -> str:
    """A hint for an unknown key: the word of this tool for it, or the nearest spelling."""
    here = sorted(keys_at(parent))
    plain = re.sub(r"[-_ ]", "", key).lower()
    spelt = [word for word in here if word.replace("_", "") == plain]
    if spelt:
        return f"did you mean {spelt[0]!r}?"
    if said := PEERS.get(plain):
        return said
    if question := meant(key, here, like=0.7):
        return question
    elsewhere = [home for home in homes(key) if home != pattern_of(parent)]
    if elsewhere:
        return f"{key!r} belongs in {' or '.join(elsewhere[:3])}"
    return f"the keys here are {', '.join(here)}" if here else ""


def _said(place: Place, found: list[ErrorDetails], exact: bool, raw: Raw) -> Complaint:
    details = _telling(found)
    value = details["input"]
    kind = details["type"]
    context = details.get("ctx", {})
    where, seen = dotted(place), shown(value, raw(place))
    if kind == "value_error":
        return _quantity(place, value, seen, str(context.get("error", details["msg"])))
    if kind == "literal_error":
        return _choice(place, value, seen)
    if kind == "string_pattern_mismatch":
        pattern = str(context.get("pattern", ""))
        for start, slug, hint in _PATTERNS:
            if pattern.startswith(start):
                noun = {"bad-name": "a name", "bad-sha256": "a checksum"}.get(slug, "a function")
                return Complaint(place, slug, f"{where}: {seen} is not {noun}", hint)
    if kind in ("greater_than", "greater_than_equal", "less_than", "less_than_equal"):
        words = {
            "greater_than": "has to be more than",
            "greater_than_equal": "has to be at least",
            "less_than": "has to be less than",
            "less_than_equal": "has to be at most",
        }
        bound = next(iter(context.values()))
        return Complaint(place, "out-of-range", f"{where}: {seen} {words[kind]} {bound:g}")
    if kind == "too_short" and value:
        least = context.get("min_length")
        return Complaint(place, "out-of-range", f"{where}: has {len(value)}, and needs {least}")
    if kind in ("string_too_short", "too_short"):
        return Complaint(place, "empty", f"{where}: is empty", "write it, or take the key out")
    if kind in ("string_too_long", "too_long"):
        limit = context.get("max_length")
        return Complaint(place, "out-of-range", f"{where}: is longer than {limit} characters")
    return _wrong_type(place, found, value, seen, exact)


def _telling(found: list[ErrorDetails]) -> ErrorDetails:
    """The finding of a union that says most: a number is judged as a number, text as text."""
    if isinstance(found[0]["input"], int | float):
        others = ("value_error", "literal_error")
        numbers = [details for details in found if details["type"] not in others]
        return next((d for d in numbers or found if d["type"] != "value_error"), found[0])
    return next((d for d in found if d["type"] == "value_error"), found[0])


def _quantity(place: Place, value: Any, seen: str, said: str) -> Complaint:
    match = _QUANTITY.search(said)
    noun = match[1] if match else "value"
    right = said.partition("; ")[2]
    if isinstance(value, str) and _RANGE.match(value):
        return Complaint(
            place,
            "range",
            f"{dotted(place)}: {seen} is a range where one {noun} belongs",
            "commit to one number; a ramp is a stage with from: and to:",
        )
    if place and place[-1] in ("from", "to"):
        right = "write a rate such as 50/s, or a number of users"
    return Complaint(place, f"bad-{noun}", f"{dotted(place)}: {seen} is not a {noun}", right)


def _choice(place: Place, value: Any, seen: str) -> Complaint:
    if place == ("perfstress",):
        return Complaint(
            place,
            "unknown-version",
            f"perfstress: {seen} is not a version of the format that is known here",
            "this version reads  perfstress: 1",
        )
    choices = [str(choice) for choice in choices_at(place)]
    if place == ("kind",):
        choices = [choice for choice in choices if choice not in KINDS_NOT_YET]
    hint = meant(str(value), choices)
    if not hint or len(choices) <= 8:
        hint = f"{hint} one of {', '.join(choices)}".strip()
    return Complaint(place, "bad-value", f"{dotted(place)}: {seen} is not known here", hint)


def _wrong_type(
    place: Place, found: list[ErrorDetails], value: Any, seen: str, exact: bool
) -> Complaint:
    where = dotted(place) or "the document"
    if exact:  # a kind of finding that has no words here yet still tells what it is
        return Complaint(place, "bad-value", f"{where}: {seen} does not fit: {found[0]['msg']}")
    nouns = list(dict.fromkeys(_NOUNS[details["type"]] for details in found))
    right = " or ".join(nouns)
    hint = ""
    if isinstance(value, Mapping) and "text" in nouns and None in value.values():
        hint = "text that begins with { has to stand in quotes"
    elif "text" in nouns and isinstance(value, int | float):
        hint = f'write it in quotes: "{seen}"'
    elif nouns == ["true or false"]:
        hint = "write true or false; yes, no, on and off are text"
    elif nouns == ["a list"] and isinstance(value, str):
        hint = f"write it as a list: [{value}]"
    elif nouns == ["a whole number"] and isinstance(value, str) and _RANGE.match(value):
        return Complaint(
            place,
            "range",
            f"{where}: {seen} is a range where one number belongs",
            "commit to one number",
        )
    elif isinstance(value, str) and re.fullmatch(r"\d[\d_,]*", value):
        hint = f"write {re.sub('[_,]', '', value)}, without quotes, commas or underscores"
    return Complaint(place, "wrong-type", f"{where}: {seen} stands where {right} belongs", hint)


def shown(value: Any, raw: str | None = None) -> str:
    """A value for a message: text in quotes and not too long, numbers as they were written."""
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "nothing"
    if isinstance(value, str):
        return repr(value if len(value) <= 60 else value[:57] + "...")
    return raw if raw is not None else str(value).lower() if isinstance(value, bool) else str(value)


# The words of libyaml and of the loader in Python, and what they mean to the author.
SYNTAX: tuple[tuple[str, str, str], ...] = (
    ("\\t", "a tab stands where spaces belong", "indent with spaces"),
    ("tab character", "a tab stands where spaces belong", "indent with spaces"),
    ("mapping values are not allowed", "a second ': ' in this line, or a line indented too far",
     'put text that contains ": " in quotes, or mend the indentation'),
    ("sequence entries are not allowed", "a list cannot begin in the middle of a line",
     "begin each '- ' item on a line of its own"),
    ("unexpected end of stream", "a quote that is opened here is never closed",
     "close it, or take it away"),
    ("',' or ']'", "a list that is opened here with [ is not closed, or a comma is missing", ""),
    ("',' or '}'", "a mapping that is opened here with { is not closed, or a comma is missing",
     'text that begins with { has to stand in quotes: "{port}"'),
    ("undefined alias", "this alias has no anchor above it",
     "text that begins with * has to stand in quotes"),
    ("occurrence", "this anchor is used for a second time", "give each anchor a name of its own"),
    ("could not find expected ':'", "a line without ': ' stands among keys",
     "write key: value, or indent the text below its key"),
    ("cannot start any token", "this character cannot begin a value", "put the text in quotes"),
    ("unknown escape", "this escape is not known in double quotes",
     "write \\\\ for a backslash, or use single quotes"),
    ("node content", "a value was expected here", "put the text in quotes"),
    ("incompatible YAML", "this %YAML version is not read here", "take the line out"),
    ("'-' indicator", "a key stands where a list item belongs", "mend the indentation"),
    ("expected key", "the text before this is already complete, or the indentation is wrong",
     "put the whole value in quotes, or mend the indentation"),
    ("block end", "the text before this is already complete, or the indentation is wrong",
     "put the whole value in quotes, or mend the indentation"),
)  # fmt: skip
