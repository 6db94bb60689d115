"""The one door to httpx: single requests for readiness, invariants and probes, never for load."""

from __future__ import annotations

import functools
import ipaddress
import json
import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from perfstress.errors import GuardTripped, TargetError

if TYPE_CHECKING:
    import httpx

# A page of metrics is a few MiB at the most; more than this is not an answer but a mistake.
MAX_BODY_BYTES = 64 * 2**20


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: ``headers`` has lower-case names, ``body`` is decoded from its encoding."""

    status: int
    body: bytes
    headers: Mapping[str, str]

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Doorway:
    """How to get to a target that a plain connection does not reach: a Unix socket by its path,
    and what TLS needs, PEM files by theirs.
    """

    unix: str | None = None
    ca: str | None = None
    insecure: bool = False
    server_name: str | None = None
    cert: str | None = None
    key: str | None = None


_PLAIN = Doorway()


def get(url: str, timeout_s: float, doorway: Doorway = _PLAIN) -> Answer:
    """The answer to one GET, redirects not followed, the connection closed afterwards.

    Raises TargetError when there is none within ``timeout_s`` (for each of connecting and reading).
    """
    sni = {"sni_hostname": doorway.server_name} if doorway.server_name else {}
    return _ask("GET", url, timeout_s, doorway, extensions=sni)


def _ask(method: str, url: str, timeout_s: float, doorway: Doorway = _PLAIN, **more: Any) -> Answer:
    import httpx  # delayed: 0.08 s that no command should pay which asks nothing

    body = bytearray()
    try:
        with _client(doorway).stream(method, url, timeout=timeout_s, **more) as response:
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > MAX_BODY_BYTES:
                    raise TargetError(
                        f"{url} answers with more than {MAX_BODY_BYTES >> 20} MiB",
                        hint="name an address with a smaller page",
                        slug="answer-too-large",
                    )
            return Answer(response.status_code, bytes(body), dict(response.headers))
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        reason = str(error) or type(error).__name__
        raise TargetError(
            f"{url} does not answer: {reason}",
            hint="is the address right, and does the target run?",
            slug="unreachable",
        ) from error


def post_form(
    url: str, fields: Mapping[str, str], timeout_s: float, *, basic: tuple[str, str] | None = None
) -> Answer:
    """The answer to one POST of a form, ``basic`` being user and password; else like ``get``."""
    return _ask("POST", url, timeout_s, data=dict(fields), auth=basic)


def post_json(url: str, body: Any, timeout_s: float, doorway: Doorway = _PLAIN) -> Answer:
    """The answer to one POST of a JSON document, of nothing for None; else like ``get``."""
    sni = {"sni_hostname": doorway.server_name} if doorway.server_name else {}
    more = {} if body is None else {"json": body}
    return _ask("POST", url, timeout_s, doorway, extensions=sni, **more)


def get_json(url: str, timeout_s: float, doorway: Doorway = _PLAIN) -> Any:
    """The JSON of a 2xx answer; raises TargetError for anything else."""
    answer = get(url, timeout_s, doorway)
    if not answer.is_success:
        raise TargetError(
            f"{url} answers with status {answer.status}, expected 2xx", slug="unexpected-status"
        )
    try:
        return json.loads(answer.body)
    except ValueError as error:
        start = answer.body[:60].decode("utf-8", "replace")
        raise TargetError(
            f"{url} answers with something that is not JSON, beginning {start!r}",
            slug="not-json",
        ) from error


def guard(url: str, allow_hosts: Sequence[str] = ()) -> tuple[str, ...]:
    """The addresses that the host of ``url`` stands for, if load may go there.

    It may when the host is named in ``allow_hosts`` (``host`` or ``host:port``), or when every one
    of its addresses is a loopback address; else this raises GuardTripped. Connect to the addresses
    given back, not to the name: a second look-up could be answered differently.
    """
    parts = urlsplit(url)
    try:
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise GuardTripped(f"{url!r} is not an address: {error}", slug="bad-url") from error
    if parts.scheme not in ("http", "https") or not host:
        raise GuardTripped(
            f"{url!r} is not an address that load can go to",
            hint="write one such as http://127.0.0.1:8080/",
            slug="bad-url",
        )
    port = port or (443 if parts.scheme == "https" else 80)
    addresses = _addresses(host, port)
    allowed = {name.lower().rstrip(".") for name in allow_hosts}
    if {host.rstrip("."), f"{host.rstrip('.')}:{port}"} & allowed:
        return addresses
    foreign = [address for address in addresses if not _is_loopback(address)]
    if foreign:
        names = host if host in foreign else f"{host} ({', '.join(foreign)})"
        raise GuardTripped(
            f"{names} is not this machine: load goes to loopback addresses only",
            hint=f"if you may load it, name it in the example: allow_hosts: [{host}]",
            slug="foreign-host",
        )
    return addresses


def _addresses(host: str, port: int) -> tuple[str, ...]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise TargetError(
            f"{host} has no address: {error}",
            hint="check the spelling, and that the name can be looked up from here",
            slug="unknown-host",
        ) from error
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


def _is_loopback(address: str) -> bool:
    parsed = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(parsed, "ipv4_mapped", None)
    return (mapped or parsed).is_loopback


@functools.cache
def _client(doorway: Doorway) -> httpx.Client:
    """One client for the process and each doorway, since its TLS context costs 20 ms; it keeps no
    connection open, which would be one more to see in every sample of the target. Proxies of the
    environment are not for targets.
    """
    import httpx  # delayed: see get

    limits = httpx.Limits(max_keepalive_connections=0)
    return httpx.Client(
        trust_env=False,
        follow_redirects=False,
        transport=httpx.HTTPTransport(
            verify=_context(doorway), limits=limits, uds=doorway.unix, trust_env=False
        ),
        headers={"user-agent": "perfstress", "connection": "close"},
    )


def _context(doorway: Doorway) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=doorway.ca)
    if doorway.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if doorway.cert is not None:
        context.load_cert_chain(doorway.cert, doorway.key)
    return context
