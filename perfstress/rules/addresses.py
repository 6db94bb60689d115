"""Where load goes and what secrets it carries: hosts, names in braces, ``${env:NAME}``."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from perfstress.loading import Loaded
from perfstress.places import Complaint, Place, dotted, texts
from perfstress.rules import steps, talks

_OPENING = re.compile(r"\$\{")
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PLACEHOLDER = re.compile(
    r"(?<!\{)\{([a-z][a-z0-9_]*|[a-z0-9][a-z0-9_-]*\.(?:port|address))\}(?!\})"
)
_CREDENTIAL_HEADER = re.compile(
    r"(?i)authorization|proxy-authorization|cookie|x-api-key|api-key|x-auth-token"
)
_CREDENTIAL_NAME = re.compile(r"(?i)(?:^|_)(?:password|passwd|secret|token|api_?key|private_key)$")
_CREDENTIALS_IN_URL = re.compile(r"[a-z][a-z0-9+.-]*://[^/\s:@{}$]*:([^/\s@{}$]+)@([^/\s:?]+)")
_CREDENTIALS_OF_AUTH = ("password", "bearer", "client_secret")
_METHODS = ("get", "post", "put", "patch", "delete", "head", "options")


@dataclass(frozen=True, slots=True)
class _Secret:
    """One ``${…}``: where it stands, and its default, or what is wrong with it."""

    start: int
    end: int
    default: str | None
    problem: str = ""


def bad_secret(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """Every ``${`` is one that can be resolved."""
    for place, text in texts(loaded.document, ()):
        in_body = "json" in place or "body" in place or "form" in place
        for secret in _secrets(text):
            known = text.startswith(("${env", "${file"), secret.start)
            if secret.problem and (known or not in_body):
                message = f"{dotted(place)}: {secret.problem}"
                hint = "write ${env:NAME}, ${env:NAME:-default} or ${file:path}"
                yield Complaint(place, "bad-secret", message, hint, offset=secret.start)


def literal_secret(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """Credentials are named, never written."""
    hint = "name it: ${env:NAME} or ${file:path}; it is read at run time and redacted everywhere"
    for place, text in texts(loaded.document, ()):
        key = str(place[-1])
        parent = place[-2] if len(place) > 1 else ""
        if "${" in text or "{{" in text:
            continue
        header = parent == "headers" and bool(_CREDENTIAL_HEADER.fullmatch(key))
        header = header or ("auth" in place[2:3] and key in _CREDENTIALS_OF_AUTH)
        named = place[:2] == ("target", "env") and _CREDENTIAL_NAME.search(key)
        if (header or named) and text:
            message = f"{dotted(place)}: a secret is written here in clear"
            yield Complaint(place, "literal-secret", message, hint)
        elif (match := _CREDENTIALS_IN_URL.search(text)) and not is_loopback(match[2]):
            message = f"{dotted(place)}: a password is written here in clear"
            yield Complaint(place, "literal-secret", message, hint, offset=match.start(1))


def unknown_placeholder(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """``{port}``, ``{run}`` and ``{input}`` are the only names in single braces, where they are
    known.
    """
    known = {"run"}
    for name in loaded.example.services:
        known |= {f"{name}.port", f"{name}.address"}
    target, workload = loaded.example.target, loaded.example.workload
    if target.command is not None and workload.runs is None:
        known.add("port")
    if target.attach is not None and target.attach.port is not None:
        known.add("port")
    if workload.runs is not None:
        known.add("input")
        if loaded.example.shape.size is not None:
            known.add("size")
    for place, text in _with_placeholders(loaded):
        for match in _PLACEHOLDER.finditer(text):
            if match[1] in known or (match[1] == "input" and place[:2] == ("target", "command")):
                continue  # an {input} without an input is told by wrong-target
            if match.start() and text[match.start() - 1] == "$":
                continue  # told by bad-secret
            message = f"{dotted(place)}: {match[0]} stands for nothing here"
            names = ", ".join(f"{{{name}}}" for name in sorted(known))
            hint = f"there is {names}"
            yield Complaint(place, "unknown-placeholder", message, hint, offset=match.start())


def _with_placeholders(loaded: Loaded) -> Iterator[tuple[Place, str]]:
    """Texts whose single braces are names; JSON bodies and shell text are full of others."""
    target = loaded.document.get("target", {})
    for key in ("command", "env", "ready", "probes", "disk", "attach"):
        yield from texts(target.get(key), ("target", key))
    if loaded.example.workload.http is not None:
        http = loaded.document["workload"]["http"]
        for key in ("base_url", "tls", "unix", "source_addresses", "proxy"):
            yield from texts(http.get(key), ("workload", "http", key))
        if (auth := loaded.example.workload.http.auth) is not None and auth.oauth2 is not None:
            yield ("workload", "http", "auth", "oauth2", "token_url"), auth.oauth2.token_url
    yield from talks.addresses(loaded)
    for index, counter in enumerate(loaded.document.get("counters") or ()):
        yield from texts(counter.get("from"), ("counters", index, "from"))
        preset = counter.get("preset") or {}
        for key in ("env", "run", "post"):
            yield from texts(preset.get(key), ("counters", index, "preset", key))


def bad_url(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """Addresses begin with http:// and a host; paths begin with /."""
    for place, text in _addresses(loaded):
        address = resolved(text)
        if address is not None and _host(address) is None:
            message = f"{dotted(place)}: {text!r} is not an address"
            yield Complaint(place, "bad-url", message, "write one such as http://127.0.0.1:{port}")
    for where, step in steps.steps(loaded):
        if step.method and not step.path.startswith("/"):
            place = (*where, step.method)
            message = f"{dotted(place)}: {step.path!r} does not begin with /"
            yield Complaint(place, "bad-url", message, "the host stands in base_url")
    for index, line in enumerate(loaded.document.get("success", ())):
        given = line["invariant"].get("get") if isinstance(line, dict) else None
        if given is not None and not str(given).startswith(("/", "http")):
            place = ("success", index, "invariant", "get")
            message = f"{dotted(place)}: {given!r} does not begin with /"
            yield Complaint(place, "bad-url", message, "the host stands in base_url")


def foreign_host(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """Load goes to this machine, or to hosts that the example names."""
    allowed = {host.lower().rstrip(".") for host in loaded.example.allow_hosts}
    http = loaded.example.workload.http
    for place, text in _addresses(loaded):
        address = resolved(text)
        host = _host(address) if address is not None else None
        if host is None or is_loopback(host):
            continue
        if http is not None and http.unix is not None and place[-1] == "base_url":
            continue  # the host is a word for the server; the socket is on this machine
        parts = urlsplit(str(address))
        port = parts.port or (443 if parts.scheme == "https" else 80)
        if not {host, f"{host}:{port}"} & allowed:
            message = f"{dotted(place)}: {host} is not this machine"
            hint = f"if you may load it, name it in the example: allow_hosts: [{host}]"
            yield Complaint(place, "foreign-host", message, hint)


def _addresses(loaded: Loaded) -> Iterator[tuple[Place, str]]:
    target, http = loaded.example.target, loaded.example.workload.http
    if http is not None:
        yield ("workload", "http", "base_url"), http.base_url
        if http.auth is not None and http.auth.oauth2 is not None:
            yield ("workload", "http", "auth", "oauth2", "token_url"), http.auth.oauth2.token_url
        if http.proxy is not None:
            yield ("workload", "http", "proxy"), http.proxy
    for index, probe in enumerate(target.probes):
        if probe.prometheus is not None:
            yield ("target", "probes", index, "prometheus"), probe.prometheus
        if probe.json_ is not None:
            yield ("target", "probes", index, "json", "url"), probe.json_.url
    for index, counter in enumerate(loaded.example.counters):
        place: Place = ("counters", index)
        if counter.answers is not None and not counter.answers.get.startswith("/"):
            yield (*place, "from", "get"), counter.answers.get
        preset = counter.preset
        if preset is not None and preset.post is not None and not preset.post.startswith("/"):
            yield (*place, "preset", "post"), preset.post
    if target.attach is not None and target.attach.url is not None:
        yield ("target", "attach", "url"), target.attach.url
    if target.ready is not None and target.ready.get and not target.ready.get.startswith("/"):
        yield ("target", "ready", "get"), target.ready.get


def resolved(text: str) -> str | None:
    """The address with defaults put in; None where it is known only when it runs."""
    while secrets := list(_secrets(text)):
        first = secrets[0]
        if first.problem or first.default is None:
            return None
        text = text[: first.start] + first.default + text[first.end :]
    return _PLACEHOLDER.sub("1", text)


def _host(address: str) -> str | None:
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host or " " in address:
        return None
    return host.rstrip(".")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, as far as its name shows."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _secrets(text: str) -> Iterator[_Secret]:
    """The outermost ``${…}`` of a text; braces inside a default are counted."""
    at = 0
    while match := _OPENING.search(text, at):
        depth, end = 1, match.end()
        while end < len(text) and depth:
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            end += 1
        seen = text[match.start() : end]
        if depth:
            yield _Secret(match.start(), end, None, f"{seen!r} is never closed")
            return
        source, colon, inside = seen[2:-1].partition(":")
        name, has_default, default = inside.partition(":-")
        problem = ""
        if source not in ("env", "file") or not colon:
            problem = f"{seen!r} is neither ${{env:…}} nor ${{file:…}}"
        elif source == "env" and not _ENV_NAME.fullmatch(name):
            problem = f"{name!r} is not the name of an environment variable"
        elif not name:
            problem = f"{seen!r} names no file"
        yield _Secret(match.start(), end, default if has_default else None, problem)
        at = end
