"""Addresses of recordings taken apart: the host, and the path that an example asks for."""

from __future__ import annotations

from urllib.parse import urlsplit


def apart(url: str) -> tuple[str, str, str]:
    """Scheme, host (with its port, without a user) and path with its query; all of it empty but
    the path, which is ``/``, where the address cannot be read.
    """
    try:
        parts = urlsplit(url)
    except ValueError:  # such as http://[
        return "", "", "/"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return parts.scheme, parts.netloc.rpartition("@")[2].lower(), path
