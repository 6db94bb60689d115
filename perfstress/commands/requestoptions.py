"""What ``hit`` asks for, in the options of its command line: method, headers, body, who asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from perfstress.engine.script import FileScript, StepScript
from perfstress.errors import UsageError
from perfstress.example import METHODS
from perfstress.regularfile import open_regular
from perfstress.substitute import substitute
from perfstress.workloads.http import basic


@dataclass(frozen=True, slots=True)
class RequestOptions:
    """One request; of ``body``, ``body_file``, ``form`` and ``parts`` at most one, of
    ``basic_auth`` and ``bearer`` too.
    """

    method: str | None = None
    headers: Sequence[str] = ()
    body: str | None = None
    body_file: str | None = None
    form: Sequence[str] = ()
    parts: Sequence[str] = ()
    basic_auth: str | None = None
    bearer: str | None = None
    cookies: bool = False
    compressed: bool = False
    redirects: int = 0

    def step(self, url: str) -> StepScript:
        """The request, secrets put in; raises UsageError."""
        bodies = {
            "--body": self.body is not None,
            "--body-file": self.body_file is not None,
            "--form": bool(self.form),
            "--part": bool(self.parts),
        }
        _at_most_one([name for name, given in bodies.items() if given])
        method = self.method or ("POST" if any(bodies.values()) and self.body is None else "GET")
        lowered = method.lower()
        if lowered not in METHODS:
            known = ", ".join(known.upper() for known in METHODS)
            raise UsageError(
                f"--method: {method!r} is not known", hint=f"one of {known}", slug="bad-option"
            )
        split = urlsplit(url)
        path = (split.path or "/") + (f"?{split.query}" if split.query else "")
        body: str | FileScript | None = None
        if self.body_file is not None:
            body = _file("--body-file", self.body_file)
        elif self.body is not None:
            body = substitute(self.body, {})
        parts = _pairs("--part", self.parts) if self.parts else None
        return StepScript(
            f"{method.upper()} {path}",
            lowered,
            path,
            headers=self._headers(),
            form=_pairs("--form", self.form) if self.form else None,
            body=body,
            multipart=None if parts is None else {n: _part(text) for n, text in parts.items()},
            redirects=self.redirects,
        )

    def _headers(self) -> dict[str, str]:
        given = {"--basic": self.basic_auth is not None, "--bearer": self.bearer is not None}
        _at_most_one([name for name, is_given in given.items() if is_given])
        found = {"accept-encoding": "gzip, deflate"} if self.compressed else {}
        if self.basic_auth is not None:
            user, colon, password = substitute(self.basic_auth, {}).partition(":")
            if not colon:
                raise UsageError("--basic: write USER:PASSWORD", slug="bad-option")
            found["authorization"] = basic(user, password)
        elif self.bearer is not None:
            found["authorization"] = f"Bearer {substitute(self.bearer, {})}"
        for line in self.headers:
            name, colon, value = line.partition(":")
            if not colon or not name.strip():
                raise UsageError(f"--header: {line!r} is not 'name: value'", slug="bad-option")
            found[name.strip().lower()] = substitute(value.strip(), {})
        return found


def _at_most_one(given: Sequence[str]) -> None:
    if len(given) > 1:
        raise UsageError(
            f"{' and '.join(given)} exclude each other", hint="keep one", slug="bad-option"
        )


def _pairs(option: str, lines: Sequence[str]) -> Mapping[str, str]:
    found = {}
    for line in lines:
        name, equals, value = line.partition("=")
        if not equals or not name:
            raise UsageError(f"{option}: {line!r} is not name=value", slug="bad-option")
        found[name] = substitute(value, {})
    return found


def _part(text: str) -> str | FileScript:
    return _file("--part", text[1:]) if text.startswith("@") else text


def _file(option: str, name: str) -> FileScript:
    """A file of the command line, which starts where the command does."""
    try:
        with open_regular(name):
            return FileScript(name)
    except OSError as error:
        raise UsageError(
            f"{option}: the file {name} cannot be read: {error.strerror}",
            hint=f"paths start at the current folder, {Path.cwd()}",
            slug="no-file",
        ) from error
