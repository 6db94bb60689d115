"""Settles how connections get to the target before any process of load starts: looked at, allowed,
usable.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import socket
from collections.abc import Sequence

from perfstress.engine import guard
from perfstress.engine.dialling import tls_context
from perfstress.engine.guard import Place
from perfstress.engine.script import ProxyScript, RouteScript
from perfstress.errors import UsageError

_TRIAL_S = 2.0
LONGEST_SOCKET_PATH = 107  # sockaddr_un of Linux, but for its final zero


def settle(
    base_url: str, allow_hosts: Sequence[str], route: RouteScript, proxy: str | None = None
) -> tuple[Place, RouteScript]:
    """The place that ``base_url`` stands for, and the route with the proxy's address in it.

    Raises UsageError for what cannot be used, TargetError for names that are not known and
    GuardTripped where the target's host or the proxy's is not allowed. A Unix socket is on this
    machine whatever host the URL names.
    """
    if route.unix is not None:
        if proxy is not None or route.sources:
            raise UsageError(
                "unix: a Unix socket has no proxy and no source address",
                hint="keep one of them",
                slug="one-of",
            )
        if len(route.unix.encode()) > LONGEST_SOCKET_PATH:
            raise UsageError(
                f"unix: {route.unix} is longer than {LONGEST_SOCKET_PATH} bytes",
                hint="the system takes no more for a socket; put it in a folder nearer to the root,"
                " or the run with --out",
                slug="bad-url",
            )
        place = guard.unresolved(base_url)
    else:
        place = guard.find(base_url, allow_hosts)
    if place.scheme == "https":
        tls_context(route.tls)
    elif route.tls != type(route.tls)():
        raise UsageError(
            f"tls: {base_url} is not https", hint="write https://, or leave TLS out", slug="bad-tls"
        )
    if proxy is not None:
        route = dataclasses.replace(route, proxy=_proxy(proxy, allow_hosts))
    peer = route.proxy.address if route.proxy is not None else place.address
    for source in route.sources:
        _check_source(source, peer)
    return place, route


def check_version(version: str, scheme: str, route: RouteScript) -> None:
    """Raises UsageError where HTTP/2 or HTTP/3 cannot take this route."""
    if version == "1.1":
        return
    if route.unix is not None or route.proxy is not None or route.sources:
        raise UsageError(
            f"version: HTTP/{version} has no Unix socket, proxy or source address here",
            hint="leave it out, or ask for HTTP/1.1",
            slug="http-version",
        )
    if version == "3" and scheme != "https":
        raise UsageError(
            "version: HTTP/3 needs https", hint="write https://, or HTTP/2", slug="http-version"
        )


def can_connect(place: Place, route: RouteScript) -> str:
    """Why nothing accepts a connection at the first place on the route; empty when it does."""
    if route.unix is None:
        if route.proxy is not None:
            place = dataclasses.replace(place, address=route.proxy.address, port=route.proxy.port)
        return guard.can_connect(place)
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(_TRIAL_S)
        try:
            sock.connect(route.unix)
        except OSError as error:
            return str(error.strerror or error)
    return ""


def first_stop(place: Place, route: RouteScript) -> str:
    """What connections are opened to, for people."""
    if route.unix is not None:
        return route.unix
    if route.proxy is not None:
        return f"the proxy {route.proxy.host}:{route.proxy.port}"
    return f"{place.host}:{place.port}"


def _proxy(url: str, allow_hosts: Sequence[str]) -> ProxyScript:
    place = guard.find(url, allow_hosts)
    if place.scheme != "http" or place.prefix:
        raise UsageError(
            f"proxy: {url!r} is not the address of a proxy",
            hint="write one such as http://127.0.0.1:3128",
            slug="bad-url",
        )
    return ProxyScript(place.host, place.port, place.address)


def _check_source(source: str, peer: str) -> None:
    try:
        version = ipaddress.ip_address(source).version
    except ValueError:
        raise _unusable(source, "is not an IP address") from None
    if version != ipaddress.ip_address(peer.split("%")[0]).version:
        raise _unusable(source, f"cannot reach {peer}, which is of the other IP version")
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    with socket.socket(family, socket.SOCK_STREAM) as sock:
        try:
            sock.bind((source, 0))
        except OSError as error:
            raise _unusable(source, f"cannot be used: {error.strerror}") from error


def _unusable(source: str, why: str) -> UsageError:
    return UsageError(
        f"source_addresses: {source} {why}",
        hint="name addresses of this machine; all of 127.0.0.0/8 is, and ip address lists the rest",
        slug="bad-source",
    )
