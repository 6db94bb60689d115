"""The service behind gunicorn: answers at once."""

from collections.abc import Callable, Iterable


def app(environ: dict[str, object], start: Callable[..., object]) -> Iterable[bytes]:
    """The WSGI application."""
    start("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
    return [b"ok"]
