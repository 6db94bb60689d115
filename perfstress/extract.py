"""Values out of JSON documents by JMESPath."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any

import jmespath
import jmespath.exceptions

Extract = Callable[[Any], Any]

_PLAIN_PATH = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")


class ExpressionError(ValueError):
    """Text that is not a JMESPath expression; ``column`` counts from 0, -1 where it is unknown."""

    def __init__(self, message: str, column: int = -1) -> None:
        super().__init__(message)
        self.message = message
        self.column = column


@functools.lru_cache(maxsize=512)
def compile_path(expression: str) -> Extract:
    """A function from a document to what the expression finds there, None where it finds nothing.

    Raises ExpressionError. An expression that fails on a document (a function that is given a value
    of the wrong type) finds nothing. Plain names with dots, most of all expressions, are walked
    without the interpreter of the library, which takes some microseconds for each.
    """
    try:
        compiled = jmespath.compile(expression)
    except jmespath.exceptions.JMESPathError as error:
        column = next(
            (
                at
                for name in ("lex_position", "lexer_position")
                if isinstance(at := getattr(error, name, None), int)
            ),
            -1,
        )
        text = str(error).split(" at column")[0].split("\n")[0].rstrip(".: ")
        raise ExpressionError(f"not a JMESPath expression: {text}", column) from error
    if _PLAIN_PATH.fullmatch(expression):
        return _walk(expression.split("."))

    def search(document: Any) -> Any:
        try:
            return compiled.search(document)
        except jmespath.exceptions.JMESPathError:
            return None

    return search


def _walk(names: list[str]) -> Extract:
    if len(names) == 1:
        only = names[0]

        def field(document: Any) -> Any:
            return document.get(only) if isinstance(document, dict) else None

        return field

    def walk(document: Any) -> Any:
        for name in names:
            if not isinstance(document, dict):
                return None
            document = document.get(name)
        return document

    return walk
