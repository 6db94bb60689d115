"""Statements that operations caused in a database, one by one, from what its probe described at the
floors.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from perfstress.described import MIN_OPS, beside_sizes, floors, listed, number, probes_of
from perfstress.run import Run
from perfstress.units import human_count

# The probe tells as many statements at each floor; a list that is as long may have left some out.
TOLD_AT_MOST = 200
QUERY_CHARACTERS = 90
# A share of the service time that is worth naming, and one that a slow answer may come from.
SHARE_TOLD = 0.02
SHARE_TO_BLAME = 0.15
SCAN = re.compile(r"Seq Scan on (\S+)")
FILTER = re.compile(r"Filter: (.+)")


@dataclass(frozen=True, slots=True)
class Statement:
    """What one statement did between two floors, for each of ``ops`` operations.

    ``calls`` and ``seconds`` are per operation, ``rows`` and ``blocks`` (of 8 KiB, looked at) per
    call; ``plan`` is EXPLAIN's, empty when it is not known.
    """

    query: str
    calls: float
    rows: float
    blocks: float
    seconds: float
    ops: float
    plan: tuple[str, ...] = ()


def databases(run: Run) -> list[str]:
    """The names of the PostgreSQL probes that described something."""
    return probes_of(run, "postgres")


def statements(run: Run, probe: str) -> list[Statement]:
    """The statements between the first floor and the last, those that took most time first."""
    told = floors(run, probe)
    if len(told) < 2:
        return []
    return between(told[0], told[-1])


def is_cut(run: Run, probe: str) -> bool:
    """Whether there were more statements than the probe tells."""
    return any(len(listed(facts, "statements")) >= TOLD_AT_MOST for _, facts in floors(run, probe))


def by_size(run: Run) -> dict[int, list[Statement]]:
    """What every statement did for each operation of a size, in the last visit of it; only what was
    described at rest at both of its ends.
    """
    found: dict[int, list[Statement]] = {}
    for visit in beside_sizes(run, databases(run)):
        every: list[Statement] = []
        for first, last in visit.ends:
            every += between((0.0, first), (visit.ops, last), least=1)
        if every:
            found[visit.size] = every
    return found


def between(
    first: tuple[float, Mapping[str, Any]],
    last: tuple[float, Mapping[str, Any]],
    least: int = MIN_OPS,
) -> list[Statement]:
    """What every statement did between two floors, with ``least`` operations between them."""
    ops = last[0] - first[0]
    if ops < least:
        return []
    before = {one.get("queryid"): one for one in listed(first[1], "statements")}
    is_cut = len(before) >= TOLD_AT_MOST
    plans = {one.get("queryid"): one.get("plan") or () for one in last[1].get("plans") or ()}
    found = []
    for one in listed(last[1], "statements"):
        start = before.get(one.get("queryid"))
        if start is None and is_cut:
            continue  # it may have been there, further down
        change = {
            key: number(one, key) - (number(start, key) if start else 0.0)
            for key in ("calls", "rows", "blocks", "exec_s")
        }
        if change["calls"] <= 0:
            continue
        found.append(
            Statement(
                str(one.get("query") or ""),
                change["calls"] / ops,
                change["rows"] / change["calls"],
                change["blocks"] / change["calls"],
                change["exec_s"] / ops,
                ops,
                tuple(str(line) for line in plans.get(one.get("queryid")) or ()),
            )
        )
    return sorted(found, key=lambda statement: -statement.seconds)


def service_s(run: Run) -> float | None:
    """The service time of one operation: the mean of all requests times how many there are."""
    epochs = [epoch.index for epoch in run.work_epochs]
    load = run.load.of_epochs(epochs)
    histogram = load.requests.merged("service")
    done = int(load.journeys.ended.sum())
    if histogram.mean_ns is None or not done:
        return None
    return histogram.mean_ns * histogram.total / 1e9 / done


# ---------------------------------------------------------------- without the extension
@dataclass(frozen=True, slots=True)
class Scanned:
    """A table that was read from end to end: how often for each operation, how many rows then."""

    table: str
    scans: float
    rows: float


def scanned_tables(run: Run, probe: str) -> list[Scanned]:
    """Tables by how many rows of them an operation reads in sequential scans. The server adds this
    up late, so the scans of the last second may be missing, and knows not of which statement.
    """
    told = floors(run, probe)
    if len(told) < 2 or told[-1][0] - told[0][0] < MIN_OPS:
        return []
    ops = told[-1][0] - told[0][0]
    before = {one.get("name"): one for one in listed(told[0][1], "tables")}
    found = []
    for one in listed(told[-1][1], "tables"):
        start = before.get(one.get("name"), {})
        scans = number(one, "seq_scans") - number(start, "seq_scans")
        rows = number(one, "seq_rows") - number(start, "seq_rows")
        if scans > 0:
            found.append(Scanned(str(one.get("name")), scans / ops, rows / scans))
    return sorted(found, key=lambda table: -table.scans * table.rows)


# ---------------------------------------------------------------- in words
def short(query: str) -> str:
    """A statement on one line, cut where it is long."""
    line = " ".join(query.split())
    return line if len(line) <= QUERY_CHARACTERS else f"{line[: QUERY_CHARACTERS - 1]}…"


def scanned_table(plan: Sequence[str]) -> str:
    """The table that a plan scans whole for what a filter leaves of it; empty without one."""
    for at, line in enumerate(plan):
        match = SCAN.search(line)
        if match and at + 1 < len(plan) and FILTER.search(plan[at + 1]):
            return match[1]
    return ""


def share_of(statement: Statement, service_s: float | None) -> str:
    """How much of an operation passes in a statement, in words; empty for next to none."""
    if not service_s or statement.seconds < SHARE_TOLD * service_s:
        return ""
    share = min(1.0, statement.seconds / service_s)
    return f"{100 * share:.0f} % of the service time of an operation passes in it"


def slowest(run: Run) -> str:
    """The statement in which most of an operation's time passes; empty where none is to blame."""
    service = service_s(run)
    found = [one for probe in databases(run) for one in statements(run, probe)]
    most = max(found, key=lambda statement: statement.seconds, default=None)
    if most is None or not service or most.seconds < SHARE_TO_BLAME * service:
        return ""
    each = human_count(float(f"{most.calls:.3g}"))
    often = "once" if each == "1" else f"{each} times"
    text = f"{share_of(most, service)}: {short(most.query)} ({often})"
    table = scanned_table(most.plan)
    return f"{text}, which scans {table} from end to end" if table else text
