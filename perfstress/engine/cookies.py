"""Cookies of one user at one origin: taken from Set-Cookie, sent back where path and time allow.

What RFC 6265 asks of a browser, as far as one origin needs it: Path, Max-Age, Expires, Secure and
Domain (which has to be the host's own, or one above it).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from perfstress.clock import now_ns, wall

# Browsers keep at least 50 cookies for a host; a server that sets a new one with every answer must
# not make the generator grow.
MOST_COOKIES = 100
_FOREVER_NS = 2**62
_LONGEST_S = 10**9

# Netscape wrote the date of Expires with dashes.
_OLD_DATE = re.compile(r"(\d+)-([A-Za-z]{3})-(\d+)")


@dataclass(frozen=True, slots=True)
class Cookie:
    """One cookie: where it is sent, and until when (``clock.now_ns``)."""

    name: str
    value: str
    path: str
    until_ns: int
    secure: bool


def value_of(lines: Sequence[str], name: str) -> str | None:
    """The value that these Set-Cookie lines give a cookie; the last one counts."""
    found = None
    for line in lines:
        key, equals, value = line.partition(";")[0].partition("=")
        if equals and key.strip() == name:
            found = _unquoted(value.strip())
    return found


class Jar:
    """The cookies of one user. ``header`` is kept until something changes."""

    __slots__ = ("_cookies", "_host", "_is_plain", "_is_secure", "_kept", "_next_ns")

    def __init__(self, host: str, *, secure: bool) -> None:
        self._host = host.lower()
        self._is_secure = secure
        self._cookies: dict[tuple[str, str], Cookie] = {}
        self._changed()

    def __len__(self) -> int:
        return len(self._cookies)

    def _changed(self) -> None:
        cookies = self._cookies.values()
        self._is_plain = all(cookie.path == "/" for cookie in cookies)
        self._next_ns = min((cookie.until_ns for cookie in cookies), default=_FOREVER_NS)
        self._kept = _line(list(cookies)) if self._is_plain else b""

    def take(self, lines: Sequence[str], path: str) -> None:
        """Keep, replace or forget what the Set-Cookie lines of an answer at ``path`` say."""
        for line in lines:
            if (cookie := self._read(line, path)) is None:
                continue
            key = (cookie.name, cookie.path)
            if cookie.until_ns <= now_ns():
                self._cookies.pop(key, None)
            elif key in self._cookies or len(self._cookies) < MOST_COOKIES:
                self._cookies[key] = cookie
        if lines:
            self._changed()

    def header(self, path: str) -> bytes:
        """The whole Cookie line of a request for ``path``, empty where nothing is to be sent."""
        if self._next_ns != _FOREVER_NS and now_ns() >= self._next_ns:
            at_ns = now_ns()
            self._cookies = {
                key: cookie for key, cookie in self._cookies.items() if cookie.until_ns > at_ns
            }
            self._changed()
        if self._is_plain:
            return self._kept
        fitting = [cookie for cookie in self._cookies.values() if _fits(cookie.path, path)]
        # longer paths first, as RFC 6265 5.4 has it; sorting keeps the order of creation
        return _line(sorted(fitting, key=lambda cookie: -len(cookie.path)))

    def _read(self, line: str, path: str) -> Cookie | None:
        first, *attributes = line.split(";")
        name, equals, value = first.partition("=")
        name = name.strip()
        if not equals or not name:
            return None
        given = {}
        for attribute in attributes:
            key, _, text = attribute.partition("=")
            given[key.strip().lower()] = text.strip()
        domain = given.get("domain", "").lstrip(".").lower()
        if domain and self._host != domain and not self._host.endswith("." + domain):
            return None
        secure = "secure" in given
        if secure and not self._is_secure:
            return None
        where = given.get("path", "")
        where = where if where.startswith("/") else _folder(path)
        return Cookie(name, value.strip(), where, _until_ns(given), secure)


def _until_ns(given: dict[str, str]) -> int:
    """Max-Age goes before Expires; what cannot be read counts as not given."""
    seconds: float | None = None
    if "max-age" in given:
        try:
            seconds = float(max(-1, min(int(given["max-age"]), _LONGEST_S)))
        except ValueError:
            seconds = None
    if seconds is None and "expires" in given:
        try:
            at = parsedate_to_datetime(_OLD_DATE.sub(r"\1 \2 \3", given["expires"]))
            seconds = (at - wall()).total_seconds()  # the server speaks of the wall clock
        except (ValueError, TypeError, IndexError, OverflowError):
            seconds = None
    if seconds is None:
        return _FOREVER_NS
    return min(_FOREVER_NS - 1, now_ns() + round(seconds * 1e9)) if seconds > 0 else 0


def _folder(path: str) -> str:
    """The default path of RFC 6265 5.1.4: up to the last slash."""
    plain = path.partition("?")[0]
    return plain[: plain.rfind("/")] or "/"


def _fits(cookie_path: str, path: str) -> bool:
    plain = path.partition("?")[0]
    if plain == cookie_path:
        return True
    return plain.startswith(cookie_path) and (
        cookie_path.endswith("/") or plain[len(cookie_path)] == "/"
    )


def _line(cookies: Sequence[Cookie]) -> bytes:
    if not cookies:
        return b""
    pairs = "; ".join(f"{cookie.name}={cookie.value}" for cookie in cookies)
    return b"cookie: " + pairs.encode("latin-1", errors="replace") + b"\r\n"


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value
