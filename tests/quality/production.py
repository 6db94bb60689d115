"""A made-up load run as production engineers record it: its pace, noise and floors, and a label
that can be decided from the run.

What becomes of a series can only be told from a run if the run is long enough for it. So the
mechanism comes first, then the error with which one who knows it could read growth off the run
(the noise, the number of independent looks, the share of the run after it has settled), and limit
and horizon come last, from those that people have, among those that make the label decidable:

- a leak grows by twelve such errors at least, and takes the room that is left in half of the
  horizon or sooner;
- what is bounded could have been seen, by six errors, if it grew enough to take that room within
  the horizon.

A cache that would be full only after the run, a leak below the noise, and a floor too rough for
the horizon are left out: no answer to them could be called wrong.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from perfstress.measurement import Series
from tests.quality.hard import Labelled, Truth
from tests.quality.traces import RATE_HZ, Floats, Ground

DAYS = (0.25, 1.0, 3.0, 7.0, 30.0)
ROOMS = {"bytes": (1.3, 2.0, 4.0, 10.0), "count": (256.0, 1024.0, 4096.0, 65_536.0)}
STAGES = 8


@dataclass(frozen=True)
class Run:
    """What was done when: ``done`` operations in each step, ``ops`` all in all; the noise of a
    reading under load (``sd``) and for how many seconds it remembers (``memory_s``).
    """

    on: Ground
    step_s: float
    done: Floats
    sd: float
    memory_s: float

    @property
    def ops(self) -> Floats:
        total: Floats = np.cumsum(self.done)
        return total

    @property
    def work(self) -> float:
        return float(self.done.sum())

    @property
    def share(self) -> Floats:
        return self.ops / self.work

    @property
    def steps(self) -> int:
        return len(self.done)

    def over(self, share: float) -> int:
        """How many steps a share of the run lasts, one at least."""
        return max(1, round(share * self.steps))


def run(on: Ground, pace: Sequence[float] = (1.0,)) -> Run:
    """Five minutes to an hour at 100 to 2,000 operations per second, times the pace of each of as
    many equal stretches of time.
    """
    rng = on.rng
    steps, step_s = int(rng.choice([300, 600, 1800])), float(rng.choice([1.0, 2.0]))
    rate = float(np.exp(rng.uniform(math.log(100), math.log(2000))))
    paces = np.asarray(pace)[np.arange(steps) * len(pace) // steps]
    if on.unit == "count":
        sd = math.sqrt(float(rng.choice([0, 2, 10])))
    else:
        sd = on.sigma
    return Run(
        on=on,
        step_s=step_s,
        done=rng.poisson(rate * step_s * paces).astype(float),
        sd=sd,
        memory_s=float(rng.choice([0, 3, 15])),
    )


def up_and_down(on: Ground) -> list[float]:
    """A pace that is low and high by turns, so that no half of the run is the busier one."""
    high = on.rng.uniform(1.5, 4)
    return [float(on.rng.uniform(0.9, 1.1)) * (high if at % 2 else 1.0) for at in range(STAGES)]


def remembers(run: Run, memory_s: float) -> Floats:
    """Noise of deviation 1 that forgets to a third in so many seconds."""
    keep = math.exp(-run.step_s / memory_s) if memory_s else 0.0
    fresh = run.on.rng.normal(0, 1, run.steps)
    out, last = np.empty(run.steps), float(fresh[0])
    for at, shock in enumerate(fresh):
        last = keep * last + math.sqrt(1 - keep * keep) * shock
        out[at] = last
    return out


def error(run: Run, sd: float = 0.0, looks: float = 0.0, settled: float = 1.0) -> float:
    """With what error growth over the run can be read from so many independent ``looks`` at the
    settled share of it: the standard error of a straight line, carried on to the whole.

    ``sd`` is what the mechanism itself adds to the noise of a reading. Without ``looks``, a look
    is a reading, or two memories of the noise.
    """
    last_s = run.steps * run.step_s * settled
    each_s = max(run.step_s, 2 * run.memory_s)
    looks = looks or last_s / each_s
    quantum = 1.0 if run.on.unit == "count" else 4096.0
    return max(math.hypot(run.sd, sd) * math.sqrt(12 / looks), quantum) / settled


def quanta(values: Floats, unit: str) -> Floats:
    quantum = 1.0 if unit == "count" else 4096.0
    rounded: Floats = np.maximum(0, np.round(values / quantum) * quantum)
    return rounded


def recorded(
    run: Run, name: str, level: Floats, busy: Floats | float, lives: NDArray[np.int64] | None
) -> Series:
    """The readings: a level, what is held only while it is busy, noise, and the floors where the
    run has some, each after an eighth of the work.
    """
    rng = run.on.rng
    value = level + busy + run.sd * remembers(run, run.memory_s)
    if rng.random() < 0.5:
        value = value + (rng.random(run.steps) < 0.005) * rng.uniform(5, 20, run.steps) * run.sd
    lives = np.zeros(run.steps, dtype=np.int64) if lives is None else lives
    ends = np.searchsorted(run.ops, run.work * np.arange(1, STAGES + 1) / STAGES) + 1
    ends[-1] = run.steps
    parts: list[tuple[Floats, Floats, Floats, str, NDArray[np.int64], int]] = []
    begin, waited_s = 0, 0.0
    t = run.step_s * np.arange(run.steps)
    for epoch, end in enumerate(ends.tolist()):
        now = slice(begin, end)
        parts.append((t[now] + waited_s, run.ops[now], value[now], "load", lives[now], epoch))
        if run.on.floors:
            quiet = level[end - 1] + rng.normal(0, run.sd / 4 + 1e-9, 5)
            when = t[end - 1] + waited_s + 1 + 0.2 * np.arange(5)
            last = np.full(5, lives[end - 1])
            parts.append((when, np.full(5, run.ops[end - 1]), quiet, "quiescent", last, epoch))
            waited_s += 3.0
        begin = end
    return Series(
        name=name,
        unit="bytes" if run.on.unit == "bytes" else "count",
        t_s=np.concatenate([part[0] for part in parts]),
        ops=np.concatenate([part[1] for part in parts]),
        value=quanta(np.concatenate([part[2] for part in parts]), run.on.unit),
        state=np.concatenate([np.full(len(part[0]), part[3]) for part in parts]).astype("U9"),
        epoch=np.concatenate([np.full(len(part[0]), part[5]) for part in parts]).astype(np.int64),
        segment=np.concatenate([part[4] for part in parts]).astype(np.int64),
    )


def labelled(
    run: Run, series: Series, last: float, least: float = 0.0, most: float = math.inf
) -> Labelled:
    """The series with a limit and a horizon such that the growth over the run that would just
    reach the limit lies between ``least`` and ``most``.
    """
    rng, unit, peak = run.on.rng, run.on.unit, float(series.value.max())
    limits = [room * peak if unit == "bytes" else room for room in ROOMS[unit]]
    limits = [limit for limit in limits if limit > 1.2 * peak] or [4 * peak]

    def just(limit: float, days: float) -> float:
        return (limit - last) * run.work / (RATE_HZ * days * 86_400)

    pairs = [(limit, days) for limit in limits for days in DAYS]
    fit = [pair for pair in pairs if least <= just(*pair) <= most]
    if fit:
        limit, days = fit[int(rng.integers(len(fit)))]
    else:  # the horizon for which this run was long enough, though no shorter than two of it
        limit = limits[-1] if math.isinf(most) else limits[0]
        wanted = 2 * least if math.isinf(most) else most / 2
        days = max(just(limit, 1.0) / wanted, 2 * run.work / (RATE_HZ * 86_400))
    truth: Truth = "bounded" if math.isinf(most) else "unbounded"
    return Labelled(replace(series, limit=limit), truth, days * 86_400)


def leaks(
    run: Run,
    name: str,
    level: Floats,
    shape: Floats,
    wrong: float,
    *,
    busy: Floats | float = 0.0,
    grown: float | None = None,
    lives: NDArray[np.int64] | None = None,
) -> Labelled:
    """A level, and a leak of the given shape (0 to 1 over the run) on top of it, that grows by 12
    to 150 times what could be ``wrong`` with the reading of it, or by so much as has ``grown``.
    """
    if grown is None:
        grown = wrong * float(np.exp(run.on.rng.uniform(math.log(12), math.log(150))))
    total = level + grown * shape
    series = recorded(run, name, total, busy, lives)
    return labelled(run, series, float(total[-1]), most=grown / 2)


def stays(
    run: Run,
    name: str,
    level: Floats,
    wrong: float,
    *,
    busy: Floats | float = 0.0,
    lives: NDArray[np.int64] | None = None,
) -> Labelled:
    """A level that is bounded, where growth that matters is six times what could be ``wrong``."""
    series = recorded(run, name, level, busy, lives)
    return labelled(run, series, float(level[-1]), least=6 * wrong)
