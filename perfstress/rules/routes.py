"""How connections get to the target: keys that fit each other, addresses and files that can be."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from pathlib import Path

from perfstress.example import Http
from perfstress.loading import Loaded
from perfstress.places import Complaint, Place, dotted

_HTTP: Place = ("workload", "http")
_FILES = ("ca", "cert", "key")


def routes(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """One way there, and every word of it has a meaning."""
    http = loaded.example.workload.http
    if http is None:
        return
    yield from _excluding(http)
    yield from _tls(http)
    yield from _version(http)
    if http.connections is not None and loaded.example.shape.model == "closed":
        place = (*_HTTP, "connections")
        message = f"{dotted(place)}: the closed model has a connection for each user"
        hint = "take the key out, or write model: open"
        yield Complaint(place, "model-words", message, hint, at_key=True)


def _excluding(http: Http) -> Iterator[Complaint]:
    for key in ("proxy", "source_addresses"):
        if http.unix is not None and key in http.model_fields_set:
            yield Complaint(
                (*_HTTP, key),
                "one-of",
                f"{dotted(_HTTP)}: unix and {key} exclude each other",
                "a Unix socket is on this machine; keep one of them",
                at_key=True,
            )
    if http.tls.insecure and http.tls.ca is not None:
        yield Complaint(
            (*_HTTP, "tls", "ca"),
            "one-of",
            f"{dotted((*_HTTP, 'tls'))}: insecure and ca exclude each other",
            "insecure trusts anybody; keep ca alone, if you can",
            at_key=True,
        )


def _tls(http: Http) -> Iterator[Complaint]:
    place = (*_HTTP, "tls")
    if http.tls.model_fields_set and http.base_url.startswith("http://"):
        message = f"{dotted(place)}: base_url is not https"
        yield Complaint(place, "bad-tls", message, "write https:// there", at_key=True)
    elif http.tls.key is not None and http.tls.cert is None:
        message = f"{dotted((*place, 'key'))}: there is no certificate for this key"
        yield Complaint((*place, "key"), "bad-tls", message, "name it in cert:", at_key=True)


def _version(http: Http) -> Iterator[Complaint]:
    """HTTP/2 and HTTP/3 go straight to the target's address; HTTP/3 is always encrypted."""
    if http.version == "1.1":
        return
    for key in ("unix", "proxy", "source_addresses"):
        if getattr(http, key) is not None:
            yield Complaint(
                (*_HTTP, key),
                "http-version",
                f"{dotted((*_HTTP, key))}: HTTP/{http.version} cannot do this here",
                'take the key out, or write version: "1.1"',
                at_key=True,
            )
    if http.version == "3" and http.base_url.startswith("http://"):
        place: Place = (*_HTTP, "version")
        message = f"{dotted(place)}: HTTP/3 needs https, and base_url is http"
        yield Complaint(place, "http-version", message, "write https:// in base_url")


def bad_source(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """Source addresses are IP addresses, each once."""
    http = loaded.example.workload.http
    seen: set[str] = set()
    for index, text in enumerate((http.source_addresses if http else None) or ()):
        place: Place = (*_HTTP, "source_addresses", index)
        hint = "write addresses of this machine, such as [127.0.0.2, 127.0.0.3]"
        if text in seen:
            message = f"{dotted(place)}: {text} stands here twice"
            yield Complaint(place, "bad-source", message, hint)
        seen.add(text)
        try:
            ipaddress.ip_address(text)
        except ValueError:
            if "{" not in text:
                message = f"{dotted(place)}: {text!r} is not an IP address"
                yield Complaint(place, "bad-source", message, hint)


def no_tls_file(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """The files of ``tls`` are there, but for those that the target or the environment names."""
    http = loaded.example.workload.http
    folder = loaded.path.parent
    for key in _FILES:
        name = getattr(http.tls, key) if http else None
        if name is not None and "{" not in name and not (folder / name).is_file():
            place: Place = (*_HTTP, "tls", key)
            message = f"{dotted(place)}: there is no file {name!r} in {folder or '.'}"
            yield Complaint(place, "no-file", message, "paths start at the example's own folder")
