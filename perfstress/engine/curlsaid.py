"""What libcurl is told of a request, and what it says of an error."""

from __future__ import annotations

import ipaddress
import ssl
from typing import Any

from perfstress.engine.script import Script, TlsScript

# Numbers of CURLcode; not all of them have a name in pycurl.
_CONNECT = frozenset({5, 6, 7, 45, 96})  # 96: QUIC
_TLS = frozenset({35, 53, 54, 58, 59, 60, 66, 77, 80, 82, 83, 90, 91, 98})
_RESET = frozenset({18, 52, 55, 56, 92})  # 92: a stream of HTTP/2
_OF_THE_PROTOCOL = frozenset({16, 95})  # HTTP/2 and HTTP/3
_TIMEOUT = 28

_NOT_SENT = frozenset({b"content-length", b"connection", b"transfer-encoding"})


def request_parts(request: bytes) -> tuple[str, str, list[bytes], bytes | None]:
    """Method, target, headers and body of a request as it stands for HTTP/1.1; the body is None
    where a request has none.
    """
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    method, target, _ = first.decode("ascii").split(" ")
    headers: list[bytes] = []
    seen: set[bytes] = set()
    for line in lines:
        name, _, value = line.partition(b": ")
        name = name.lower()
        seen.add(name)
        if name not in _NOT_SENT:
            headers.append(line if value else name + b";")  # libcurl's word for an empty one
    # libcurl would add these of its own
    headers += [
        name + b":"
        for name in (b"expect", b"content-type", b"accept", b"user-agent")
        if name not in seen
    ]
    return method, target, headers, body if b"content-length" in seen else None


def refusal(number: int, text: str, script: Script) -> tuple[str, str]:
    """The class of an error, and why it came about."""
    where = f"{script.address}:{script.port}"
    said = text or f"libcurl's error {number}"
    lowered = said.lower()
    if number in _TLS or (number in _CONNECT and ("certificate" in lowered or "ssl" in lowered)):
        return "tls", f"no TLS with {where}: {said}"
    if number in _CONNECT or lowered.startswith("failed to connect"):
        return "connect", f"cannot connect to {where}: {said}"
    if number in _RESET or (number in _OF_THE_PROTOCOL and "reset" in lowered):
        return "reset", said
    if number == _TIMEOUT:
        return "timeout", said
    return "protocol", f"HTTP/{script.version}: {said}"


def dress(easy: Any, curl: Any, script: Script) -> str:
    """Set what is the same for all requests; gives the URL up to the path."""
    versions = {"2": curl.CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE, "3": curl.CURL_HTTP_VERSION_3ONLY}
    easy.setopt(curl.HTTP_VERSION, versions[script.version])
    easy.setopt(curl.NOSIGNAL, 1)
    easy.setopt(curl.PATH_AS_IS, 1)
    easy.setopt(curl.PROXY, "")  # whatever the environment says
    if script.keep_alive:
        easy.setopt(curl.PIPEWAIT, 1)
    else:
        easy.setopt(curl.FRESH_CONNECT, 1)
        easy.setopt(curl.FORBID_REUSE, 1)
    name = script.host
    if script.scheme == "https":
        name = script.route.tls.server_name or script.host
        _dress_tls(easy, curl, script.route.tls)
    try:
        shown = f"[{name}]" if ipaddress.ip_address(name).version == 6 else name
    except ValueError:  # a name: it stands for the address that was looked at, and for no other
        address = f"[{script.address}]" if ":" in script.address else script.address
        easy.setopt(curl.RESOLVE, [f"{name}:{script.port}:{address}"])
        shown = name
    return f"{script.scheme}://{shown}:{script.port}"


def _dress_tls(easy: Any, curl: Any, tls: TlsScript) -> None:
    if tls.insecure:
        easy.setopt(curl.SSL_VERIFYPEER, 0)
        easy.setopt(curl.SSL_VERIFYHOST, 0)
    # the libcurl of the wheel does not know where this system keeps its authorities
    system = ssl.get_default_verify_paths()
    if authorities := tls.ca or system.cafile:
        easy.setopt(curl.CAINFO, authorities)
    if tls.ca is None and system.capath:
        easy.setopt(curl.CAPATH, system.capath)
    elif tls.ca is not None:
        easy.unsetopt(curl.CAPATH)
    if tls.cert is not None:
        easy.setopt(curl.SSLCERT, tls.cert)
        easy.setopt(curl.SSLKEY, tls.key or tls.cert)
