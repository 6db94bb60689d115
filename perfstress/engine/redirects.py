"""Following redirects: so many hops, within the origin that was looked at and allowed."""

from __future__ import annotations

from urllib.parse import quote, urljoin, urlsplit

STATUSES = frozenset({301, 302, 303, 307, 308})

# What may stand in a path or query as it is; a server's own escapes are kept.
_SAFE = "/?&=:@!$'()*+,;%[]~-._"
_OF_THE_BODY = (b"content-length:", b"content-type:", b"content-encoding:", b"transfer-encoding:")


class RedirectError(Exception):
    """A redirect that is not followed, in words."""


class Redirects:
    """How one step follows: at most ``most`` hops for each request; ``hops`` counts them all."""

    __slots__ = ("_origin", "hops", "most")

    def __init__(self, most: int, scheme: str, host: str, port: int) -> None:
        self.most = most
        self._origin = (scheme, host.lower(), port)
        self.hops = 0

    def following(self, request: bytes, status: int, location: str, done: int) -> bytes:
        """The request that a redirect asks for, after ``done`` hops; raises RedirectError.

        As browsers do, 303 becomes a GET, and so does a POST that is answered 301 or 302; with 307
        and 308 method and body stay (RFC 9110, 15.4).
        """
        if done >= self.most:
            limit = f"{self.most} redirect{'s' if self.most > 1 else ''}"
            raise RedirectError(f"answered {status} after {limit}, the last one to {location!r}")
        head, _, body = request.partition(b"\r\n\r\n")
        first, *lines = head.split(b"\r\n")
        method, target, version = first.split(b" ")
        target = self._target(target.decode("ascii"), location, status)
        if (status == 303 and method != b"HEAD") or (status < 303 and method == b"POST"):
            method, body = b"GET", b""
            lines = [line for line in lines if not line.lower().startswith(_OF_THE_BODY)]
        self.hops += 1
        return b"\r\n".join([b" ".join((method, target, version)), *lines, b"", body])

    def _target(self, target: str, location: str, status: int) -> bytes:
        scheme, host, port = self._origin
        shown = f"[{host}]" if ":" in host else host
        by_proxy = not target.startswith("/")  # which is told the whole address
        base = target if by_proxy else f"{scheme}://{shown}:{port}{target}"
        try:
            parts = urlsplit(urljoin(base, location))
            default = {"http": 80, "https": 443}.get(parts.scheme)
            there = (parts.scheme, (parts.hostname or "").lower(), parts.port or default)
        except ValueError:
            raise RedirectError(f"answered {status} to {location!r}, which is no address") from None
        if there != self._origin:
            raise RedirectError(f"answered {status} to {location!r}, which is another origin")
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        if by_proxy:
            path = f"{parts.scheme}://{parts.netloc}{path}"
        return quote(path, safe=_SAFE).encode("ascii")


def path_of(request: bytes) -> str:
    """The path and query that a request asks for, though a proxy is told the whole address."""
    target = request.split(b" ", 2)[1].decode("ascii")
    return target if target.startswith("/") else "/" + target.split("/", 3)[-1]


def with_cookies(request: bytes, line: bytes) -> bytes:
    """A request with another Cookie line, or none."""
    head, _, body = request.partition(b"\r\n\r\n")
    lines = [one for one in head.split(b"\r\n") if not one.startswith(b"cookie: ")]
    if line:
        lines.append(line.removesuffix(b"\r\n"))
    return b"\r\n".join([*lines, b"", body])
