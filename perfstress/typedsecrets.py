"""Secrets among the values of ``--set``: known by where they go, by their form or by their value,
and kept in no file of the run.
"""

from __future__ import annotations

import copy
import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

from perfstress.places import Place, texts
from perfstress.scalars import scalar
from perfstress.substitute import REDACTED, redact, remember_secret

# Below these anything may stand under any name; elsewhere a name such as token_url is the format's.
_FREE = ("env", "json", "form", "multipart")
_OF_AUTH = ("password", "bearer", "client_secret", "basic")
_NAMED = re.compile(r"\$\{env:([A-Za-z_][A-Za-z0-9_]*)")
_REFERS = re.compile(r"\$\{|\{\{")

# Process-wide, as all secrets are; those that were typed are also taken out of names.
_typed: set[str] = set()


def is_secret(path: str, value: str) -> bool:
    """Whether what ``--set path=value`` says is a secret itself; one that names where a secret is,
    ``${env:NAME}``, is none.
    """
    if not value or _REFERS.search(value):
        return False
    # delayed: most runs have nothing set
    from perfstress.importers.secrets import Secrets, is_secret_header, is_secret_key

    steps = [step for step in re.split(r"[.\[\]]+", path) if step and not step.isdigit()]
    *above, key = steps or [""]
    if "headers" in above:
        named = is_secret_header(key)
    elif "auth" in above:
        named = key in _OF_AUTH or "basic" in above
    else:
        named = any(free in above for free in _FREE) and is_secret_key(key)
    if named and not isinstance(scalar(value), bool):
        return True
    text = value.lstrip("-")  # of an option
    return Secrets({}).text(text, path) != text  # an address with a password, a token's form


def learn(overrides: Mapping[str, str], document: Mapping[str, Any]) -> None:
    """Have ``redact`` know the secrets that were typed, and those of the environment that the
    document names: the same may have been typed elsewhere.
    """
    for _, text in texts(dict(document)):
        for name in _NAMED.findall(text):
            remember_secret(os.environ.get(name, ""))
    for path, value in overrides.items():
        if is_secret(path, value):
            from perfstress.importers.secrets import learnt  # delayed, as above

            remember_secret(value)
            _typed.add(value)
            for piece, _ in learnt(path, value):
                remember_secret(piece)


def shown(name: str) -> str:
    """The name of a step without what was typed as a secret. What the environment holds stays: a
    name must not depend on where it runs.
    """
    for value in sorted(_typed, key=len, reverse=True):
        name = name.replace(value, REDACTED)
    return name


def kept(overrides: Mapping[str, str]) -> dict[str, str]:
    """The values as a run keeps them."""
    return {
        path: REDACTED if is_secret(path, value) else redact(value)
        for path, value in overrides.items()
    }


def kept_document(
    document: Mapping[str, Any], changed: Sequence[Place], overrides: Mapping[str, str]
) -> dict[str, Any]:
    """The document as a run keeps it; ``changed`` are the places that the overrides went to, in
    their order.
    """
    told = copy.deepcopy(dict(document))
    for place, (path, value) in zip(changed, overrides.items(), strict=True):
        at: Any = told
        for step in place[:-1]:
            at = at[step]
        typed = at[place[-1]]
        if is_secret(path, value):
            at[place[-1]] = REDACTED
        elif isinstance(typed, str):
            at[place[-1]] = redact(typed)
    return told
