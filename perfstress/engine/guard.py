"""Where load may go and how much of it: loopback and named hosts, below a ceiling."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from perfstress.errors import GuardTripped, TargetError, UsageError
from perfstress.units import format_rate

# One host is never asked for more than this in all, whatever an example says.
CEILING_HZ = 200_000.0

_CONNECT_TRIAL_S = 2.0


@dataclass(frozen=True, slots=True)
class Place:
    """A base URL in parts, with the one address that was looked at and allowed."""

    scheme: Literal["http", "https"]
    host: str
    port: int
    prefix: str
    address: str


def check_rate(highest_hz: float) -> None:
    """Raises GuardTripped above the ceiling."""
    if highest_hz > CEILING_HZ:
        # Nobody reads 300 digits.
        shown = format_rate(highest_hz) if highest_hz < 1e15 else f"{highest_hz:.3g}/s"
        raise GuardTripped(
            f"a rate of {shown} is above the ceiling of {format_rate(CEILING_HZ)} for one host",
            hint="lower the rate of the stage",
            slug="rate-ceiling",
        )


def find(url: str, allow_hosts: Sequence[str]) -> Place:
    """Resolve a base URL once, and look at every address that it stands for.

    Raises UsageError for what is not an http or https URL, TargetError when the name is not known,
    GuardTripped when any address is not loopback and the host is not one of ``allow_hosts``.
    """
    scheme, host, port, path = _split(url)
    return Place(scheme, host, port, path.rstrip("/"), allowed_address(host, port, allow_hosts))


def allowed_address(host: str, port: int, allow_hosts: Sequence[str]) -> str:
    """Resolve a host once, and look at every address that it stands for.

    Raises TargetError when the name is not known, GuardTripped when any address is not loopback and
    the host is not one of ``allow_hosts``.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise TargetError(
            f"{host}: the name cannot be resolved: {error}", slug="unknown-host"
        ) from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if host not in allow_hosts:
        foreign = [address for address in addresses if not is_loopback(address)]
        if foreign:
            raise GuardTripped(
                f"{host} is {foreign[0]}, which is not this machine",
                hint="load goes to loopback only, unless the host is named in allow_hosts"
                " (hit: --allow-host)",
                slug="foreign-host",
            )
    return _answering(addresses, port)


def unresolved(url: str) -> Place:
    """A base URL in parts without an address, for what is reached in another way; raises
    UsageError.
    """
    scheme, host, port, path = _split(url)
    return Place(scheme, host, port, path.rstrip("/"), "")


def can_connect(place: Place, timeout_s: float = _CONNECT_TRIAL_S) -> str:
    """Why nothing accepts a connection there; empty when something does."""
    try:
        socket.create_connection((place.address, place.port), timeout_s).close()
    except OSError as error:
        return str(error.strerror or error)
    return ""


def _split(url: str) -> tuple[Literal["http", "https"], str, int, str]:
    hint = "write one such as http://127.0.0.1:8000"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise UsageError(f"{url!r} is not a URL: {error}", hint=hint, slug="bad-url") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"{url!r} is not an http or https URL", hint=hint, slug="bad-url")
    if parts.username is not None:
        raise UsageError(
            f"{parts.hostname}: a URL cannot hold a user and password",
            hint="set an authorization header with a ${env:…} secret",
            slug="bad-url",
        )
    if parts.scheme == "https":
        return "https", parts.hostname, port or 443, parts.path
    return "http", parts.hostname, port or 80, parts.path


def is_loopback(address: str) -> bool:
    """Whether an address is this machine's own."""
    parsed = ipaddress.ip_address(address.split("%")[0])
    mapped = getattr(parsed, "ipv4_mapped", None)
    return (mapped or parsed).is_loopback


def _answering(addresses: Sequence[str], port: int) -> str:
    """The first address that accepts a connection: localhost is two, and a server often on one."""
    for address in addresses if len(addresses) > 1 else ():
        try:
            socket.create_connection((address, port), _CONNECT_TRIAL_S).close()
        except OSError:
            continue
        return address
    return addresses[0]
