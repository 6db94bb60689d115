"""Plain scalars by the core schema of YAML 1.2, which is what editors and other tools read.

YAML 1.1, PyYAML's own, makes true of ``on``, 15 of ``017``, 90 of ``1:30`` and text of ``1e3``.
"""

from __future__ import annotations

import math
import re
from typing import Any

# Longer ones are identifiers that should have been quoted.
MAX_DIGITS = 40

_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_BOOLS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o[0-7]+")
_HEX = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


class TooLong:
    """A number that nobody meant."""


def scalar(text: str) -> Any:
    """A plain scalar by the core schema of YAML 1.2 (section 10.3.2 of the specification)."""
    if text in _NULL:
        return None
    if text in _BOOLS:
        return _BOOLS[text]
    if not (text[0] in "+-." or text[0].isdigit()):
        return text
    if _NOT_FINITE.fullmatch(text):
        return math.inf
    for pattern, base in ((_INT, 10), (_OCTAL, 8), (_HEX, 16)):
        if pattern.fullmatch(text):
            return TooLong() if len(text) > MAX_DIGITS else int(text.replace("0o", ""), base)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text
