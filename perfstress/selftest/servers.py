"""A server that counts what it is asked: without one, amplified work cannot be shown."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from perfstress.probes.postgres import Postgres
from perfstress.probes.redis import Redis
from perfstress.protocols import Probe


@dataclass(frozen=True, slots=True)
class Server:
    """A kind of server: its probe, the ``variable`` of the environment that has its address, where
    it is looked for without, and the metric that says that it counts.
    """

    probe: str
    variable: str
    default: str
    metric: str
    watch: Callable[[str], Probe]

    @property
    def named(self) -> str:
        """Its address as an example writes it: a password in it is not written down."""
        return f"${{env:{self.variable}:-{self.default}}}"

    @property
    def address(self) -> str:
        """Where it is looked for."""
        return os.environ.get(self.variable) or self.default


SERVERS = (
    Server(
        "postgres",
        "PERFSTRESS_SELFTEST_POSTGRES",
        "postgresql://postgres@127.0.0.1:5432/postgres",
        "postgres.queries",
        Postgres,
    ),
    Server(
        "redis",
        "PERFSTRESS_SELFTEST_REDIS",
        "redis://127.0.0.1:6379",
        "redis.commands",
        Redis,
    ),
)
START = (
    "start a Redis (redis-server --port 6379), or a PostgreSQL with pg_stat_statements, or name "
    f"one in {SERVERS[1].variable} or {SERVERS[0].variable}"
)


def counting() -> tuple[Server | None, Mapping[str, str]]:
    """The first server that counts, and of those before it why they do not, by where they were
    looked for.
    """
    lacking: dict[str, str] = {}
    for server in SERVERS:
        probe = server.watch(server.address)
        try:
            reading = probe.read((), dear=True)
        finally:
            probe.close()
        if reading.values.get(server.metric) is not None:
            return server, lacking
        lacking[f"{server.probe} at {_shown(server.address)}"] = reading.problem
    return None, lacking


def _shown(address: str) -> str:
    """An address without user and password."""
    parts = urlsplit(address)
    return f"{parts.hostname}:{parts.port}" if parts.hostname and parts.port else parts.scheme
