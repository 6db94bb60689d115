"""The door to Jinja for what people fill in: examples and runbooks, of the templates beside it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jinja2

Filters = Mapping[str, Callable[..., str]]


def filled(template: str, values: Mapping[str, Any], filters: Filters | None = None) -> str:
    """A template of this folder with ``values`` put in; its own marks are ``<< >>`` and ``<% %>``,
    for the text around them has braces of its own.

    Nothing is escaped: the texts are YAML and Markdown, and ``filters`` make a value fit.
    """
    environment = _environment().overlay()
    environment.filters = {**environment.filters, **(filters or {})}
    return environment.get_template(template).render(values)


@functools.cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<",
        variable_end_string=">>",
        comment_start_string="<#",
        comment_end_string="#>",
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
        autoescape=False,
    )
