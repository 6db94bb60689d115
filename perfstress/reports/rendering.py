"""The door to Jinja for what a browser shows: templates, and pages that need no network."""

from __future__ import annotations

import functools
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from perfstress.errors import UsageError
from perfstress.units import human_bytes, human_count, human_duration
from perfstress.version import __version__
from perfstress.wholefile import write_whole


def render(template: str, **values: Any) -> str:
    """A template of ``page/`` filled in; ``css`` is the style that all pages share."""
    page = _environment().get_template(template)
    return page.render(version=__version__, css=Markup(part("page.css")), **values)


def write_page(path: Path, text: str) -> None:
    """Write a page or a picture, whole or not at all; raises UsageError."""
    try:
        write_whole(path, text)
    except OSError as error:
        raise UsageError(
            f"{path}: cannot be written: {error.strerror or error}",
            hint="name a file in a folder that exists and can be written",
            slug="output-not-writable",
        ) from error


@functools.cache
def part(name: str) -> str:
    """A file of ``page/``."""
    return resources.files("perfstress.reports").joinpath("page", name).read_text("utf-8")


@functools.cache
def vendored(name: str) -> str:
    """A file of uPlot."""
    return resources.files("perfstress._vendor").joinpath("uplot", name).read_text("utf-8")


@functools.cache
def _environment() -> Environment:
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=FunctionLoader(part),
    )
    environment.policies["json.dumps_kwargs"] = {"separators": (",", ":"), "allow_nan": False}
    environment.filters["said"] = _said
    environment.filters["count"] = human_count
    return environment


def _said(value: float | None, unit: str) -> str:
    """A cell of the table of series."""
    if value is None:
        return ""
    if unit == "bytes":
        return human_bytes(value)
    return human_duration(value) if unit == "seconds" and value >= 0 else human_count(value)
