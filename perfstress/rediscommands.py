"""Commands that operations sent to Redis, one by one, from what its probe described at the
floors.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from perfstress.described import (
    MIN_OPS,
    Facts,
    beside_sizes,
    floors,
    floors_of_work,
    listed,
    number,
    probes_of,
)
from perfstress.run import Run
from perfstress.units import human_count

# The probe tells as many commands; a list that is as long may have left some out.
TOLD_AT_MOST = 50
NAMED = 3
# What is sent less than this share as often as the first is no part of it: opening a connection.
WORTH_NAMING = 0.1
# A rise of less than this for each operation is no reason to blame a command.
ROSE = 0.5
# What Redis counts as found or missed: commands that read a key.
LOOKUPS: tuple[str, ...] = (
    "BITCOUNT", "DUMP", "EXISTS", "GET", "GETBIT", "GETEX", "GETRANGE", "HEXISTS", "HGET",
    "HGETALL", "HKEYS", "HLEN", "HMGET", "HRANDFIELD", "HSCAN", "HVALS", "LINDEX", "LLEN",
    "LPOS", "LRANGE", "MGET", "PTTL", "SCARD", "SDIFF", "SINTER", "SISMEMBER", "SMEMBERS",
    "SMISMEMBER", "SORT", "SRANDMEMBER", "SSCAN", "STRLEN", "SUNION", "TTL", "TYPE", "XLEN",
    "XRANGE", "XREAD", "XREVRANGE", "ZCARD", "ZCOUNT", "ZMSCORE", "ZRANGE", "ZRANGEBYLEX",
    "ZRANGEBYSCORE", "ZRANK", "ZREVRANGE", "ZREVRANGEBYSCORE", "ZREVRANK", "ZSCAN", "ZSCORE",
)  # fmt: skip
# What asks for many of a kind in one command.
_AT_ONCE: Mapping[str, str] = {
    "GET": "MGET",
    "SET": "MSET",
    "HGET": "HMGET",
    "SISMEMBER": "SMISMEMBER",
    "ZSCORE": "ZMSCORE",
}


@dataclass(frozen=True, slots=True)
class Command:
    """How often a command was sent for each operation."""

    name: str
    calls: float


def servers(run: Run) -> list[str]:
    """The names of the Redis probes that described something."""
    return probes_of(run, "redis")


def commands(run: Run, probes: Sequence[str]) -> list[Command]:
    """Those between the first floor and the last, of these servers together, the most first."""
    pairs = []
    for probe in probes:
        told = floors(run, probe)
        if len(told) > 1 and told[-1][0] - told[0][0] >= MIN_OPS:
            pairs.append(_between(told[0][1], told[-1][1], told[-1][0] - told[0][0]))
    return _most_first(pairs)


def by_size(run: Run) -> dict[int, list[Command]]:
    """Those of each size, in the last visit of it, of all servers together."""
    found = {}
    for visit in beside_sizes(run, servers(run)):
        if visit.ends:
            pairs = (_between(first, last, visit.ops) for first, last in visit.ends)
            found[visit.size] = _most_first(pairs)
    return found


def early_and_late(run: Run, probe: str) -> tuple[list[Command], list[Command]]:
    """Those of the first epoch of work and of the last; both empty with fewer than two of them."""
    told = floors_of_work(run, probe)
    if len(told) < 3:
        return [], []
    (start, first), (then, second) = told[:2]
    (before, last_but_one), (end, last) = told[-2:]
    early = _between(first, second, then - start)
    return _most_first([early]), _most_first([_between(last_but_one, last, end - before)])


def _between(first: Facts, last: Facts, ops: float) -> Mapping[str, float]:
    """The calls of every command for each of these operations."""
    before = {str(one.get("command")): number(one, "calls") for one in listed(first, "commands")}
    is_cut = len(before) >= TOLD_AT_MOST
    calls: dict[str, float] = {}
    for one in listed(last, "commands"):
        name = str(one.get("command"))
        if name not in before and is_cut:
            continue  # it may have been there, further down
        risen = number(one, "calls") - before.get(name, 0.0)
        if risen > 0:
            calls[name.upper().replace("|", " ")] = risen / ops
    return calls


def _most_first(counted: Iterable[Mapping[str, float]]) -> list[Command]:
    total: dict[str, float] = {}
    for one in counted:
        for name, calls in one.items():
            total[name] = total.get(name, 0.0) + calls
    found = [Command(name, calls) for name, calls in total.items()]
    return sorted(found, key=lambda command: -command.calls)


def fitting(found: Sequence[Command], counter: str) -> list[Command]:
    """Those that add to a counter: to misses only what looks a key up."""
    return [one for one in found if counter != "redis.misses" or one.name in LOOKUPS]


def risen_most(
    few: Sequence[Command], many: Sequence[Command]
) -> tuple[Command, float, frozenset[str]] | None:
    """The command of which there are most more in the second list than in the first, how many there
    were in the first, and the names of all that rose at least half as much; None where none did.
    """
    start = {one.name: one.calls for one in few}
    risen = {one.name: one.calls - start.get(one.name, 0.0) for one in many}
    most = max(many, key=lambda one: risen[one.name], default=None)
    if most is None or risen[most.name] < ROSE:
        return None
    named = frozenset(name for name, more in risen.items() if more >= risen[most.name] / 2)
    return most, start.get(most.name, 0.0), named


# ---------------------------------------------------------------- in words
def each(calls: float) -> str:
    """A number for each operation."""
    return human_count(float(f"{calls:.3g}"))


def advice(name: str, counter: str) -> str:
    """What to do about too many of a command, or about lookups that find nothing."""
    if counter == "redis.misses":
        return "look at what expires before it is asked for, and at what was never there"
    many = _AT_ONCE.get(name)
    return f"ask for all at once ({many} or a pipeline)" if many else "send all in one pipeline"


def most_sent(found: Sequence[Command], counter: str) -> str:
    """Those of which there are most for an operation, with what to do about the first."""
    most = fitting(found, counter)[:NAMED]
    if not most:
        return ""
    most = [one for one in most if one.calls >= WORTH_NAMING * most[0].calls]
    told = ", ".join(f"{each(one.calls)} × {one.name}" for one in most)
    return f"{told} for each operation; {advice(most[0].name, counter)}"
