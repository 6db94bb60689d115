"""Where paths without a host are asked for: at the target of an http workload, the way load gets
there.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from perfstress.control import Doorway
from perfstress.example import Http
from perfstress.substitute import substitute


def doorway_of(http: Http | None, values: Mapping[str, str], folder: Path) -> Doorway:
    """How single requests get to the target: by its Unix socket, with the TLS that it wants."""
    if http is None:
        return Doorway()

    def path(name: str | None) -> str | None:
        return None if name is None else str(folder / substitute(name, values, folder=folder))

    tls = http.tls
    name = tls.server_name
    return Doorway(
        unix=path(http.unix),
        ca=path(tls.ca),
        insecure=tls.insecure,
        server_name=None if name is None else substitute(name, values, folder=folder),
        cert=path(tls.cert),
        key=path(tls.key),
    )
