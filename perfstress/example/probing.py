"""What reads the target and the services behind it besides the probes that always watch."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from perfstress.example.parts import Part, Text


class JsonPage(Part):
    """Numbers out of a JSON document: a JMESPath for each gauge."""

    url: Text
    values: Annotated[dict[Text, Text], Field(min_length=1)]


class LogFile(Part):
    """A log that the target writes; ``errors`` is the pattern of the lines that are counted."""

    path: Text
    errors: Text = r"\b(ERROR|CRITICAL|FATAL|PANIC)\b|^Traceback |^panic: "


class Probe(Part):
    """One probe besides those that always watch: exactly one key."""

    prometheus: Text | None = None
    postgres: Text | None = None
    redis: Text | None = None
    json_: JsonPage | None = Field(default=None, alias="json")
    log: Text | LogFile | None = None
    cgroup: Literal[True] | None = None
    host: Literal[True] | None = None

    @property
    def asked(self) -> tuple[str, Text | JsonPage | LogFile | Literal[True]]:
        """The key that is set, as it is written, and its value."""
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            if value is not None:
                return field.alias or name, value
        return "", ""


PROBE_KEYS: tuple[str, ...] = tuple(
    field.alias or name for name, field in Probe.model_fields.items()
)
