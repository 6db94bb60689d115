"""Sentences of what grew in the services behind a target, from what their probes described at two
floors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from perfstress.units import human_bytes, human_count

Facts = Mapping[str, Any]
Teller = Callable[[Facts, Facts], str]

PARTS_TOLD = 3
QUERY_CHARACTERS = 80
# A form of keys is told as new when its estimated number rose by this share of all new keys.
WORTH_TELLING = 0.05


def probe_of(resource: str) -> str:
    """The probe that reads a resource: ``postgres`` for ``postgres.connections``, with what tells
    it from others of its kind.
    """
    if resource.startswith("log:"):
        return f"log {resource.removeprefix('log:')}"
    bare, _, labels = resource.partition("{")
    instance = labels.removeprefix('instance="').removesuffix('"}')
    return f"{bare.partition('.')[0]} {instance}".strip()


def teller_of(resource: str) -> Teller | None:
    """Who tells what grew of a resource of a service; None for anything else."""
    bare = "log:" if resource.startswith("log:") else resource.partition("{")[0]
    return _TELLERS.get(bare)


def _items(facts: Facts, key: str) -> Iterable[Mapping[str, Any]]:
    found = facts.get(key)
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def _rises(before: Mapping[str, float], after: Mapping[str, float]) -> list[tuple[str, float]]:
    """What there is more of, the most first."""
    more = {key: value - before.get(key, 0.0) for key, value in after.items()}
    return sorted(((k, v) for k, v in more.items() if v > 0), key=lambda item: -item[1])


# ---------------------------------------------------------------- PostgreSQL
def _sessions(first: Facts, last: Facts) -> str:
    """New sessions by state, application and last statement, and who waits for whom."""

    def groups(facts: Facts) -> dict[str, float]:
        counts: dict[str, float] = {}
        for one in _items(facts, "sessions"):
            query = " ".join(str(one.get("query") or "").split())
            cut = query if len(query) <= QUERY_CHARACTERS else f"{query[: QUERY_CHARACTERS - 1]}…"
            named = f" of {one['application']}" if one.get("application") else ""
            after = f" after {cut}" if cut else ", which asked for nothing yet"
            key = f"{one.get('state')}{named} from {one.get('peer')}{after}"
            counts[key] = counts.get(key, 0.0) + float(one.get("count") or 0)
        return counts

    told = [
        f"{human_count(count)} more {key}"
        for key, count in _rises(groups(first), groups(last))[:PARTS_TOLD]
    ]
    locks = list(_items(last, "locks"))
    if locks:
        holder = " ".join(str(locks[0].get("holder_query") or "").split())[:QUERY_CHARACTERS]
        told.append(
            f"{human_count(len(locks))} wait for a lock, which is held by a session that is "
            f"{locks[0].get('holder_state')} after {holder}"
        )
    return "PostgreSQL has " + ", ".join(told) if told else ""


def _tables(first: Facts, last: Facts) -> str:
    """The tables that grew most."""

    def sizes(facts: Facts) -> dict[str, float]:
        return {
            str(one.get("name")): float(one.get("bytes") or 0) + float(one.get("index_bytes") or 0)
            for one in _items(facts, "tables")
        }

    dead = {
        str(one.get("name")): float(one.get("dead_rows") or 0) for one in _items(last, "tables")
    }
    told = []
    for name, more in _rises(sizes(first), sizes(last))[:PARTS_TOLD]:
        rows = f" ({human_count(dead[name])} dead rows)" if dead.get(name) else ""
        told.append(f"{name} by {human_bytes(more)}{rows}")
    return ", ".join(told)


# ---------------------------------------------------------------- Redis
def _keys(first: Facts, last: Facts) -> str:
    """What the new keys look like, reckoned from a sample of all."""

    def forms(facts: Facts) -> dict[str, float]:
        total = float(facts.get("keys") or 0)
        return {
            str(one.get("form")): total * float(one.get("share") or 0)
            for one in _items(facts, "forms")
        }

    new = float(last.get("keys") or 0) - float(first.get("keys") or 0)
    told = [
        f"about {human_count(round(count))} new keys of the form {form}"
        for form, count in _rises(forms(first), forms(last))[:PARTS_TOLD]
        if count >= WORTH_TELLING * new
    ]
    lasting = float(last.get("keys_lasting") or 0) - float(first.get("keys_lasting") or 0)
    if new > 0 and lasting > 0:
        never = "none of them expires" if lasting >= new else f"{lasting / new:.0%} never expire"
        told.append(never)
    return ", ".join(told)


def _clients(first: Facts, last: Facts) -> str:
    def peers(facts: Facts) -> dict[str, float]:
        return {
            f"{one.get('peer')} {one.get('name') or ''}".strip(): float(one.get("count") or 0)
            for one in _items(facts, "clients")
        }

    rises = _rises(peers(first), peers(last))[:PARTS_TOLD]
    return ", ".join(f"{human_count(count)} more from {peer}" for peer, count in rises)


# ---------------------------------------------------------------- logs
def _log(first: Facts, last: Facts) -> str:
    """How many lines, how many of them errors, and the last of those."""
    lines = float(last.get("lines") or 0) - float(first.get("lines") or 0)
    errors = float(last.get("error_lines") or 0) - float(first.get("error_lines") or 0)
    told = [f"{human_count(lines)} new lines"] if lines > 0 else []
    if errors > 0:
        said = [str(line) for line in last.get("last_errors") or ()][-1:]
        example = f", the last of them: {said[0]}" if said else ""
        told.append(f"{human_count(errors)} of them errors{example}")
    files = [str(one.get("path")) for one in _items(last, "files")]
    if len(files) > 1:
        told.append(f"in {human_count(len(files))} files, which are never removed")
    return ", ".join(told)


_TELLERS: Mapping[str, Teller] = {
    "postgres.connections": _sessions,
    "postgres.size": _tables,
    "redis.keys": _keys,
    "redis.memory": _keys,
    "redis.clients": _clients,
    "log:": _log,
}
