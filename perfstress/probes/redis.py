"""What a Redis or Valkey server holds and does for the target: the only door to ``redis``."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from perfstress.errors import PerfstressError
from perfstress.probes.pace import Pace
from perfstress.protocols import Reading
from perfstress.run import Limit
from perfstress.units import human_bytes

TIMEOUT_S = 1.0
SHARE_OF_A_CORE = 0.005
KEYS_SAMPLED = 1_000
FORMS_TOLD = 10
COMMANDS_TOLD = 50
NAME = "perfstress-probe"

# Metric, and where INFO has it. What counts up since the server started is a counter.
_FIELDS: Mapping[str, str] = {
    "redis.memory": "used_memory",
    "redis.memory_rss": "used_memory_rss",
    "redis.blocked_clients": "blocked_clients",
    "redis.hits": "keyspace_hits",
    "redis.misses": "keyspace_misses",
    "redis.evictions": "evicted_keys",
    "redis.expired": "expired_keys",
    "redis.refused": "rejected_connections",
}
# Parts of a key that differ from one to the next: numbers, and long words of hex digits.
_VARYING = re.compile(r"[0-9a-fA-F]{8}[0-9a-fA-F-]*|\d+")


class Redis:
    """Probe: ``redis.memory``, ``redis.keys`` and ``redis.keys_lasting`` (those that never expire)
    of the address's database, ``redis.clients``, ``redis.blocked_clients``, ``redis.commands``,
    ``redis.hits`` and ``redis.misses``, ``redis.hit_rate`` (since the first reading),
    ``redis.evictions``, ``redis.expired``, ``redis.refused``. Its own connection and its own
    commands are left out.
    """

    def __init__(self, url: str, instance: str = "") -> None:
        self.name = f"redis {instance}".strip()
        self._suffix = f'{{instance="{instance}"}}' if instance else ""
        self._url = url
        self._client: Any = None
        self._db = 0
        self._own: Counter[str] = Counter()  # the commands that it sent itself
        self._known: dict[str, None] = {"redis.memory" + self._suffix: None}
        self._first: tuple[float, float] | None = None
        self._pace = Pace(SHARE_OF_A_CORE)

    def limits(self) -> Mapping[str, Limit]:
        """What the server may come to: its clients, and its memory where it does not evict."""
        try:
            info = self._info()
        except Exception:  # told by the next reading
            return {}
        found = {}
        clients = int(info.get("maxclients") or 0)
        if clients:
            told = f"Redis's maxclients of {clients:,}"
            found[f"redis.clients{self._suffix}"] = Limit(float(clients), told)
        memory = int(info.get("maxmemory") or 0)
        if memory and info.get("maxmemory_policy") == "noeviction":
            told = f"Redis's maxmemory of {human_bytes(memory)}, beyond which it refuses writes"
            found[f"redis.memory{self._suffix}"] = Limit(float(memory), told)
        return found

    def _info(self) -> Mapping[str, Any]:
        if self._client is None:
            self._client = _client(self._url)
            self._db = int(self._client.connection_pool.connection_kwargs.get("db") or 0)
        self._own["info"] += 1
        info: Mapping[str, Any] = self._client.info()
        return info

    def read(self, pids: Sequence[int], dear: bool) -> Reading:
        """One INFO; nothing at all when it is not yet time."""
        if not self._pace.due(dear):
            return Reading({})
        began_s = time.thread_time()
        try:
            values = self._values(self._info())
        except PerfstressError as error:
            return self._failed(error.message)
        except Exception as error:  # the library's, the socket's, or a server that is none
            return self._failed(f"the server does not answer INFO: {error}")
        self._pace.read(time.thread_time() - began_s)
        named = {f"{name}{self._suffix}": value for name, value in values.items()}
        self._known.update(dict.fromkeys(named))
        return Reading(named)

    def _failed(self, why: str) -> Reading:
        self._pace.failed()
        self.close()
        return Reading(dict.fromkeys(self._known), why)

    def _values(self, info: Mapping[str, Any]) -> dict[str, float | None]:
        values: dict[str, float | None] = {
            name: float(info[field]) for name, field in _FIELDS.items() if field in info
        }
        space = info.get(f"db{self._db}") or {}
        keys = int(space.get("keys", 0))
        values["redis.keys"] = keys
        values["redis.keys_lasting"] = keys - int(space.get("expires", 0))
        values["redis.clients"] = max(0, int(info["connected_clients"]) - 1)
        values["redis.commands"] = int(info["total_commands_processed"]) - self._own.total()
        hits, misses = float(info.get("keyspace_hits", 0)), float(info.get("keyspace_misses", 0))
        self._first = self._first or (hits, misses)
        hits, misses = hits - self._first[0], misses - self._first[1]
        if hits + misses > 0:
            values["redis.hit_rate"] = hits / (hits + misses)
        return values

    def evidence(self, pids: Sequence[int]) -> Mapping[str, Any]:
        """What keys look like, from a sample, with numbers in their names put as ``*``; clients by
        address; the commands that took most time.
        """
        try:
            return self._evidence()
        except Exception:  # the next reading tells why
            self.close()
            return {}

    def _evidence(self) -> Mapping[str, Any]:
        if self._client is None:
            return {}
        forms: Counter[str] = Counter()
        cursor, sampled, calls = 0, 0, 0
        while sampled < KEYS_SAMPLED and calls < 20:
            cursor, found = self._client.scan(cursor, count=KEYS_SAMPLED)
            forms.update(_VARYING.sub("*", str(key)) for key in found)
            sampled, calls = sampled + len(found), calls + 1
            if cursor == 0:
                break
        self._own["scan"] += calls
        used = self._used()
        clients = self._client.client_list()
        self._own["client|list"] += 1
        space = self._client.info("keyspace").get(f"db{self._db}") or {}
        self._own["info"] += 1
        return {
            "keys": int(space.get("keys", 0)),
            "keys_lasting": int(space.get("keys", 0)) - int(space.get("expires", 0)),
            "keys_sampled": sampled,
            "forms": [
                {"form": form, "share": round(count / sampled, 4)}
                for form, count in forms.most_common(FORMS_TOLD)
            ],
            "clients": [
                {"peer": peer, "name": name, "count": count}
                for (peer, name), count in Counter(
                    (str(one.get("addr", "")).rpartition(":")[0], str(one.get("name", "")))
                    for one in clients
                    if one.get("name") != NAME
                ).most_common(FORMS_TOLD)
            ],
            "commands": used,
        }

    def _used(self) -> list[dict[str, Any]]:
        """The commands that took most time, with how often others than this probe sent them."""
        stats = self._client.info("commandstats")
        self._own["info"] += 1
        found: list[dict[str, Any]] = []
        for key, stat in stats.items():
            name = str(key).removeprefix("cmdstat_")
            calls = int(stat.get("calls", 0)) - self._own_calls(name)
            if calls > 0:
                seconds = float(stat.get("usec", 0)) / 1e6
                found.append({"command": name, "calls": calls, "seconds": seconds})
        return sorted(found, key=lambda one: -float(one["seconds"]))[:COMMANDS_TOLD]

    def _own_calls(self, name: str) -> int:
        """Servers before version 7 count ``client`` as one, whatever is asked of it."""
        mine = (own for own in self._own if name in (own, own.partition("|")[0]))
        return sum(self._own[own] for own in mine)

    def close(self) -> None:
        """End the connection; the next reading opens another."""
        client, self._client = self._client, None
        if client is not None:
            client.close()


def _client(url: str) -> Any:
    """A client that waits no longer than it may and tries nothing twice."""
    try:
        import redis  # delayed: an extra
        from redis.backoff import NoBackoff
        from redis.retry import Retry
    except ImportError:
        raise PerfstressError(
            "the probe redis needs the library redis, which is not installed",
            hint="pip install 'perfstress[redis]'",
        ) from None
    return redis.Redis.from_url(
        url,
        client_name=NAME,
        socket_timeout=TIMEOUT_S,
        socket_connect_timeout=TIMEOUT_S,
        decode_responses=True,
        encoding_errors="replace",
        retry=Retry(NoBackoff(), 0),
        single_connection_client=False,
        max_connections=1,
    )
