"""The server with knobs in a thread of its own, for tests that start other processes."""

from __future__ import annotations

import ssl
from contextlib import AbstractContextManager

from tests.support.aside import aside
from tests.support.knobs import Knobs, serving


def serving_aside(
    knobs: Knobs | None = None,
    *,
    port: int = 0,
    unix: str | None = None,
    tls: ssl.SSLContext | None = None,
) -> AbstractContextManager[Knobs]:
    """A server on loopback for as long as the block lasts."""
    return aside(serving(knobs, port=port, unix=unix, tls=tls))
