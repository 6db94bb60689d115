"""The levels of a climb, or of steps, as they were carried out, and the knee among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from perfstress.climbing import (
    MOST_BROKEN_LEVELS,
    PLATEAU,
    Level,
    collapse,
    fallen,
    level_of,
    reasons,
)
from perfstress.criteria import Criterion, criteria_of
from perfstress.plan import Epoch
from perfstress.run import Run
from perfstress.units import human_duration

# Fewer levels have no edge among them.
LEAST_LEVELS = 3
_PERCENTILES = {"p50": 50.0, "p90": 90.0, "p95": 95.0, "p99": 99.0, "p99.9": 99.9}

Beyond = Literal["", "plateau", "collapse", "unknown"]


@dataclass(frozen=True, slots=True)
class Stairs:
    """The stage ``name``, its ``levels`` in order, and for each why it does not hold (``why``,
    empty where it does).

    ``knee`` is the number of the highest level that holds, None when none does; ``edge`` the number
    of the lowest one above it that does not, None when nothing above it was visited. ``ended`` says
    why a climb was over before its last level, ``by`` whose doing that was.
    """

    name: str
    climbs: bool
    levels: tuple[Level, ...]
    why: tuple[str, ...]
    knee: int | None
    edge: int | None
    ended: str = ""
    by: str = ""

    @property
    def is_the_generators(self) -> bool:
        """Whether what ended here was the load, not the target: the knee is at least this."""
        return self.edge is not None and bool(self.levels[self.edge].behind)

    @property
    def best(self) -> Level:
        """The level of the highest throughput."""
        return max(self.levels, key=lambda level: level.goodput_hz)

    @property
    def fallen(self) -> tuple[int, ...]:
        """The first two levels in a row at which throughput had fallen, of those that the generator
        was able to drive; empty when there are none.
        """
        return collapse(self.levels) or ()

    @property
    def beyond(self) -> Beyond:
        """What the target does beyond its knee; empty when it was never driven there."""
        if self.fallen:
            return "collapse"
        if self.edge is None or self.is_the_generators:
            return ""
        above = [level for level in self.levels[self.edge :] if not level.behind]
        least_hz = min((level.goodput_hz for level in above), default=0.0)
        stays = least_hz >= PLATEAU * self.best.goodput_hz
        stays = stays and (not fallen(self.levels)[-1] or len(above) >= MOST_BROKEN_LEVELS)
        if len(above) < 2 or any(level.dropped for level in above) or not stays:
            return "unknown"
        return "plateau"


def stairs_of(run: Run) -> list[Stairs]:
    """Every climb and every stage of rising steps that was carried out, in order."""
    names = {stage.name for stage in run.example.shape.stages if stage.steps or stage.climb}
    groups: dict[str, list[Epoch]] = {}
    for epoch in run.work_epochs:
        if epoch.part_of in names:
            groups.setdefault(epoch.part_of, []).append(epoch)
    found = [_stairs(run, name, epochs) for name, epochs in groups.items()]
    return [one for one in found if one is not None]


def _stairs(run: Run, name: str, epochs: Sequence[Epoch]) -> Stairs | None:
    climbs = any(epoch.climbs for epoch in epochs)
    rising = all(a.end_level < b.end_level for a, b in pairwise(epochs))
    if not rising or (not climbs and len(epochs) < LEAST_LEVELS):
        return None
    over = next((e.facts for e in run.events_named("climb-ended") if e.facts["stage"] == name), {})
    levels, last = [], over.get("epoch", epochs[-1].index)  # what came behind it was cut short
    for epoch in epochs:
        if epoch.index <= last and (level := _level(run, epoch)) is not None:
            levels.append(level)
    if not levels:
        return None
    why = _why(run, name, levels)
    if over and levels[-1].epoch == over.get("epoch") and not why[-1]:
        why[-1] = str(over.get("why"))
    knee, edge = _knee(why)
    return Stairs(
        name,
        climbs,
        tuple(levels),
        tuple(why),
        knee,
        edge,
        str(over.get("why") or ""),
        str(over.get("by") or ""),
    )


def _level(run: Run, epoch: Epoch) -> Level | None:
    """What a level came to; None when it was not carried out to its end."""
    began = [e for e in run.events_named("epoch-began") if e.facts.get("epoch") == epoch.index]
    ended = [e for e in run.events_named("epoch-ended") if e.facts.get("epoch") == epoch.index]
    if not began or not ended:
        return None
    facts = ended[0].facts
    return level_of(
        epoch,
        began[0].t_s,
        ended[0].t_s,
        run.load,
        dropped=int(facts.get("dropped") or 0),
        health=facts.get("health") or {},
    )


def _why(run: Run, name: str, levels: Sequence[Level]) -> list[str]:
    """Of each level why it does not hold: it is broken, it does not meet the success criteria, or
    the generator could not drive it.
    """
    asked = [one for _, one in criteria_of(run.example.success) if _is_asked(one, name)]
    found = []
    for level, broken in zip(levels, reasons(levels), strict=True):
        missed = next((said for one in asked if (said := _missed(run, one, level))), "")
        found.append(level.behind or broken or missed)
    return found


def _is_asked(criterion: Criterion, name: str) -> bool:
    """Whether each level has to meet it: a share of errors, or a time, of everything."""
    if criterion.of or criterion.after or criterion.during not in (None, name):
        return False
    head = criterion.metric[0]
    return head in ("response", "service") or (head == "errors" and criterion.unit == "share")


def _missed(run: Run, criterion: Criterion, level: Level) -> str:
    inside = run.load.between(level.seconds[0], level.seconds[-1])
    timed = inside.steps or inside
    head, what = criterion.metric[0], criterion.metric[1]
    if head == "errors":
        ok, errors = int(timed.ok.sum()), int(timed.failed.sum())
        of_kind = errors if what == "rate" else int(timed.failed_by(what).sum())
        share = of_kind / (ok + errors) if ok + errors else 1.0
        held, seen = criterion.holds(share), f"{100 * share:.3g} %"
    else:
        blobs = timed.merged("response" if head == "response" else "service")
        statistics = {"max": blobs.max_ns, "mean": blobs.mean_ns}
        value_ns = statistics[what] if what in statistics else blobs.percentile(_PERCENTILES[what])
        if value_ns is None:
            return "nothing was answered"
        held, seen = criterion.holds(value_ns / 1e9), human_duration(value_ns / 1e9)
    return "" if held else f"{criterion.name} was {seen}; the criterion is {criterion.text}"


def _knee(why: Sequence[str]) -> tuple[int | None, int | None]:
    """The highest level that holds, and the first above it that does not. One that fails between
    two that hold was disturbed by something else; two in a row are the end.
    """
    knee: int | None = None
    for number, reason in enumerate(why):
        if reason and number and why[number - 1]:
            break
        knee = knee if reason else number
    above = 0 if knee is None else knee + 1
    return knee, above if above < len(why) else None


def usl(levels: Sequence[Level]) -> tuple[float, float] | None:
    """Gunther's universal scalability law, for interpretation only: the throughput that it says the
    target cannot exceed, in 1/s, and the number at once at which it is reached; None where the
    levels do not say.

    ``R(N) = (1 + σ(N − 1) + κN(N − 1)) / λ`` with N = X·R by Little's law is a parabola in N.
    Nothing is said of more than twice the largest N that was seen.
    """
    import numpy as np  # delayed: charts and detectors that have no levels need none

    seen = [(one.goodput_hz * one.mean_s, one.mean_s) for one in levels if one.mean_s]
    if len(seen) < 4:
        return None
    n, times = (np.array(column) for column in zip(*seen, strict=True))
    c, b, a = np.polynomial.polynomial.polyfit(n, times, 2)
    if a <= 0 or c <= 0:
        return None
    most_at = float(np.sqrt(c / a))
    if not n.min() < most_at <= 2 * n.max():
        return None
    return most_at / float(c + b * most_at + a * most_at**2), most_at
