"""What the probes of an example are to read: addresses of services, patterns, expressions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from perfstress.example import LogFile
from perfstress.loading import Loaded
from perfstress.places import Complaint, Place, dotted
from perfstress.rules import addresses, files
from perfstress.vocabulary import OF_REDIS, WORK

# Schemes and the port that stands for none, by the key of the probe.
_SERVICES = {
    "postgres": (("postgresql", "postgres"), 5432, "postgresql://user@127.0.0.1:5432/name"),
    "redis": (("redis", "rediss", "unix"), 6379, "redis://127.0.0.1:6379/0"),
}


def bad_probe(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """Services have an address of this machine or of an allowed one; patterns and expressions can
    be compiled. (bad-url, foreign-host, bad-pattern and bad-expression.)
    """
    for index, probe in enumerate(loaded.example.target.probes):
        kind, value = probe.asked
        place: Place = ("target", "probes", index, kind)
        if kind in _SERVICES:
            yield from _service(loaded, place, kind, str(value))
        elif probe.json_ is not None:
            for name, path in probe.json_.values.items():
                yield from files.path((*place, "values", name), path)
        elif isinstance(value, LogFile):
            try:
                re.compile(value.errors.encode())
            except re.error as error:
                where = (*place, "errors")
                message = f"{dotted(where)}: not a regular expression: {error}"
                yield Complaint(where, "bad-pattern", message)


def no_probe(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """What counts the work of a service stands among the probes where a criterion asks for it."""
    declared = {probe.asked[0] for probe in loaded.example.target.probes}
    for index, line in enumerate(loaded.example.success):
        if not isinstance(line, str):
            continue
        metric, _, rest = line.lstrip().partition(".")
        wanted = "postgres" if metric in WORK else "redis" if metric in OF_REDIS else ""
        if wanted and wanted not in declared and rest.startswith(("per_op", "order")):
            place: Place = ("success", index)
            message = f"{dotted(place)}: nothing counts the {metric} of an operation"
            hint = f"add the probe {wanted} to target.probes"
            yield Complaint(place, "no-probe", message, hint)


def _service(loaded: Loaded, place: Place, kind: str, text: str) -> Iterator[Complaint]:
    address = addresses.resolved(text)
    if address is None:
        return  # known when it runs, and looked at then
    schemes, usual, right = _SERVICES[kind]
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port or usual
    except ValueError:
        parts, host, port = urlsplit(""), None, 0
    if parts.scheme not in schemes or not (host or parts.path.strip("/")) or "," in parts.netloc:
        message = f"{dotted(place)}: is not the address of a {kind} server"
        yield Complaint(place, "bad-url", message, f"write {right}")
        return
    allowed = {name.lower().rstrip(".") for name in loaded.example.allow_hosts}
    if host and not addresses.is_loopback(host) and not {host, f"{host}:{port}"} & allowed:
        message = f"{dotted(place)}: {host} is not this machine"
        hint = f"if you may load it, name it in the example: allow_hosts: [{host}]"
        yield Complaint(place, "foreign-host", message, hint)
