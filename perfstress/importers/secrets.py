"""Secrets of a recording, by the place they stand in, by their form, and by their value elsewhere.

A draft is committed, so none may reach it: each is replaced by ``${env:NAME}`` and reported with
its place, never with its value. Importers leave what they read as it is; all of it goes through
``Secrets`` before anybody else sees it.
"""

from __future__ import annotations

import base64
import contextlib
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import quote, unquote, unquote_plus

# Names that importers put into texts, told by these from what was recorded: ``{{ name }}`` of a
# captured value and ``${env:NAME}``.
_TEMPLATE, _ENV = ("\ue000", "\ue001"), ("\ue002", "\ue003")
_MARKED = re.compile("\ue000[^\ue001]*\ue001|\ue002[^\ue003]*\ue003")

_KEY = re.compile(
    r"(?i)passw|passphrase|passcode|pwd|secret|token|api[-_. ]?key|access[-_]?key|private[-_]?key|"
    r"credential|authori[sz]ation|^auth$|cookie|sess(?:ion)?[-_]?id|^session$|^sid$|jwt|csrf|xsrf|"
    r"signature|^sig$|^otp$|^pin$|cvv|cvc|card[-_]?num|bearer|assertion"
)
_HEADER = re.compile(r"(?i)(?:^|-)(?:auth|key|session|sid)$|^x-amz-|^x-goog-")
_QUERY = re.compile(r"(?i)^key$|^x-(?:amz|goog)-")
# A number in such a place is a secret; in others, as of max_tokens, it is an amount.
_NUMBER = re.compile(r"(?i)passw|passcode|pwd|secret|^otp$|^pin$|cvv|cvc|card[-_]?num")
_NOT_SECRET = re.compile(r"(?i)token_?(?:type|count|limit)|auth(?:orization)?_?(?:type|scheme)")

# A name and what parts it from its value: in a form, in JSON inside of text, in XML, in prose.
_NAME_IN_TEXT = re.compile(
    r"""(?<![\w.-])([A-Za-z_][\w.-]*)(?:\]|%5[Dd])?(?:\\?["'])?"""
    r"""(?:\s*(?:[:=]|%3[AaDd])\s*|\s?>\s*|\s[^<>]*>\s*)(?:\\?["'])?"""
)
_VALUE_IN_TEXT = re.compile(r"""[^\s"'<>&,;\\]+""")
_HEADER_IN_TEXT = re.compile(
    r"(?im)\b((?:proxy-)?authorization|(?:set-)?cookie)(\\?[\"']?\s*[:=]\s*)([^\r\n\"\\]+)"
)
_FORMS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "PRIVATE_KEY",
        re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY.*?(?:-----END[A-Z0-9 ]*-----|\Z)", re.DOTALL),
    ),
    ("TOKEN", re.compile(r"eyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)*")),
    ("AUTHORIZATION", re.compile(r"(?i)(?:bearer|basic|digest)\s+[A-Za-z0-9._~+/=-]{8,}")),
    ("ACCESS_KEY", re.compile(r"(?:AKIA|ASIA)[0-9A-Z]{16}")),
    (
        "TOKEN",
        re.compile(
            r"(?:gh[opsur]_[A-Za-z0-9]{16,}|github_pat_\w{20,}|glpat-[\w-]{16,}|"
            r"xox[a-z]-[\w-]{10,}|[srp]k[-_](?:live|test|proj)[-_]\w{8,}|sk-[\w-]{20,}|"
            r"AIza[\w-]{30,}|whsec_\w{10,}|npm_\w{30,}|pypi-[\w-]{30,})"
        ),
    ),
    ("PASSWORD", re.compile(r"(?<=://)[^/\s:@{}$]*:[^/\s@{}$]+(?=@)")),
)

# A shorter value is a word such as "dark" of a cookie, which would be found everywhere.
_SHORTEST = 8


def template(name: str) -> str:
    """What an importer writes for a captured value."""
    return f"{_TEMPLATE[0]}{name}{_TEMPLATE[1]}"


def env(name: str) -> str:
    """What an importer writes for a variable of the environment."""
    return f"{_ENV[0]}{variable(name)}{_ENV[1]}"


def variable(key: str) -> str:
    """The name of the environment's variable for a key: ``x-api-key`` is ``X_API_KEY``."""
    name = re.sub(r"[^A-Za-z0-9]+", "_", key).strip("_").upper() or "SECRET"
    return f"_{name}" if name[0].isdigit() else name


def is_secret_key(key: str) -> bool:
    """Whether what stands under this key of a body is a secret."""
    return bool(_KEY.search(key)) and not _NOT_SECRET.fullmatch(key)


def is_secret_header(name: str) -> bool:
    """Whether a header of this name carries one."""
    return is_secret_key(name) or bool(_HEADER.search(name))


def is_secret_parameter(name: str) -> bool:
    """Whether a parameter of an address carries one."""
    return is_secret_key(name) or bool(_QUERY.search(name))


def learnt(key: str, value: str) -> Iterator[tuple[str, str]]:
    """The values in a secret place by which it would be known again elsewhere, each with the name
    of its variable: of a cookie all of its values, of an authorization what follows the scheme.
    """
    name = variable(key)
    found = [value, *value.split()]
    if "cookie" in key.lower():
        found = [part.partition("=")[2].strip('" ') for part in value.split(";")]
    if value.lower().startswith("basic "):
        with contextlib.suppress(ValueError):
            found += base64.b64decode(value[6:]).decode().split(":", 1)[1:]
    for one in {text for piece in found for text in (piece, unquote(piece))}:
        long = len(one) >= _SHORTEST and (len(one) >= 20 or any(map(str.isdigit, one)))
        if long and not _MARKED.search(one):
            yield one, name


class Secrets:
    """Takes the secrets out of texts, and counts where each of them stood.

    ``values`` are those known from secret places of the whole recording, with their variables.
    """

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = sorted(values.items(), key=lambda item: -len(item[0]))
        self._found: Counter[tuple[str, str]] = Counter()
        self._first: dict[tuple[str, str], str] = {}
        self._of = "the recording"

    def about(self, method: str, path: str) -> None:
        """What is cleaned next is of this request, which notes name without its secrets."""
        silent = Secrets({})
        silent._values = self._values
        self._of = f"{method.upper()} {silent.path(path.partition('?')[0])}"

    def notes(self) -> list[str]:
        """Which secrets were left out, from where, and what to export in their place."""
        told = []
        for (place, name), count in self._found.items():
            more = f" and {count - 1:,} more" if count > 1 else ""
            where = f"{place} of {self._first[place, name]}{more}"
            told.append(f"left out as a secret: {where}; export {name}")
        return told

    def header(self, name: str, text: str) -> str:
        """A header's value, or what stands for it."""
        if is_secret_header(name):
            rest = _MARKED.sub("", text).strip()
            if rest != text.strip() and rest.lower() in ("", "bearer", "basic", "token"):
                return text
            return self._out(f"header {name}", variable(name))
        return self.text(text, f"header {name}")

    def path(self, path: str) -> str:
        """A path with its query."""
        before, mark, query = path.partition("#")[0].partition("?")
        segments = [self._encoded(segment, "path", unquote, "") for segment in before.split("/")]
        pairs = [self._pair(pair) for pair in query.split("&")] if mark else []
        return "/".join(segments) + (f"?{'&'.join(pairs)}" if mark else "")

    def _pair(self, pair: str) -> str:
        key, mark, value = pair.partition("=")
        shown = unquote_plus(key)
        if not mark:
            return self._encoded(pair, "query", unquote_plus, "")
        if value and is_secret_parameter(shown):
            key = self._encoded(key, "query", unquote_plus, "")
            if _MARKED.fullmatch(value):
                return f"{key}={value}"
            return f"{key}={self._out(f'parameter {shown}', variable(shown))}"
        key = self._encoded(key, "query", unquote_plus, "")
        return f"{key}={self._encoded(value, f'parameter {shown}', unquote_plus, '')}"

    def _encoded(self, text: str, place: str, decode: Any, safe: str) -> str:
        """A percent-encoded text, as it stands where nothing is taken out of it."""
        plain = decode(text)
        cleaned = self.text(plain, place)
        if cleaned == plain:
            return text
        pieces = re.split(f"({_MARKED.pattern})", cleaned)
        return "".join(one if _MARKED.fullmatch(one) else quote(one, safe=safe) for one in pieces)

    def form(self, fields: Mapping[str, str]) -> dict[str, str]:
        """The fields of a form."""
        return {self.text(key, "form"): self._field(key, text) for key, text in fields.items()}

    def _field(self, key: str, text: str) -> str:
        if is_secret_key(key) and text and not _MARKED.fullmatch(text):
            return self._out(f"field {key}", variable(key))
        return self.text(text, f"field {key}")

    def document(self, value: Any, key: str = "", *, inside: bool = False) -> Any:
        """A JSON document; all that stands ``inside`` of a secret place is taken out."""
        if isinstance(value, dict):
            kept = {}
            for inner, item in value.items():
                deeper = inside or is_secret_key(inner)
                kept[self.text(inner, "body")] = self.document(item, inner, inside=deeper)
            return kept
        if isinstance(value, list):
            return [self.document(item, key, inside=inside) for item in value]
        if isinstance(value, str):
            if inside and value and not _MARKED.fullmatch(value):
                return self._out(f"{key} in the body", variable(key))
            return self.text(value, f"{key} in the body" if key else "body")
        if isinstance(value, int | float) and not isinstance(value, bool):
            if inside and _NUMBER.search(key):
                return self._out(f"{key} in the body", variable(key))
            for known, name in self._values:
                if str(value) == known:
                    return self._out(f"{key} in the body", name)
        return value

    def text(self, text: str, place: str) -> str:
        """Any text: what names a secret in it, what has the form of one, what is known as one."""
        if len(text) < 4:
            return text
        text = _HEADER_IN_TEXT.sub(lambda found: self._header_named(found, place), text)
        return _known_out(self._named_out(text, place), self._values, partial(self._out, place))

    def _header_named(self, found: re.Match[str], place: str) -> str:
        if _MARKED.search(found[3]):
            return found[0]
        return f"{found[1]}{found[2]}{self._out(place, variable(found[1]))}"

    def _named_out(self, text: str, place: str) -> str:
        """Values behind the names of secrets; a value may hold further names: an address does."""
        pieces, at = [], 0
        for found in _NAME_IN_TEXT.finditer(text):
            value = _VALUE_IN_TEXT.match(text, found.end())
            if found.start() < at or value is None or not is_secret_key(found[1]):
                continue
            if not _MARKED.search(value[0]):
                pieces += [text[at : found.end()], self._out(place, variable(found[1]))]
                at = value.end()
        return "".join(pieces) + text[at:]

    def _out(self, place: str, name: str) -> str:
        place = _known_out(place, self._values, lambda _: "…")  # a key may be a secret itself
        name = "SECRET" if any(variable(value) in name for value, _ in self._values) else name
        self._found[place, name] += 1
        self._first.setdefault((place, name), self._of)
        return env(name)


def _known_out(text: str, values: Sequence[tuple[str, str]], out: Callable[[str], str]) -> str:
    """What has the form of a secret, and what is known as one, replaced by what ``out`` gives."""
    for name, pattern in _FORMS:
        if pattern.search(text):
            text = pattern.sub(out(name), text)
    for value, name in values:
        if value in text:
            text = text.replace(value, out(name))
    return text


def spelt(text: str) -> str:
    """A cleaned text as an example writes it: marks become ``{{ name }}`` and ``${env:NAME}``, and
    what the recording had in such braces is no name.
    """
    if "{{" in text or "${" in text:
        text = text.replace("{{", "{ {").replace("${", "$ {")
    for (begin, end), (opening, closing) in ((_TEMPLATE, ("{{ ", " }}")), (_ENV, ("${env:", "}"))):
        text = text.replace(begin, opening).replace(end, closing)
    return text
