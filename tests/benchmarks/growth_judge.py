"""How well growth is judged on labelled series, beside the detectors that are commonly written.

Run it with ``python -m tests.benchmarks.growth_judge [--each 60] [--seed 1000] [--families]``. It
prints the tables of ``docs/method.md``: recall on leaks, false alarms and decided among what is
bounded, leaks that were passed; and what a judgement costs.
"""

from __future__ import annotations

import argparse
import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

import numpy as np

from perfstress.detectors.growth import assess
from perfstress.measurement import Series
from tests.quality import (
    hard,
    harder,
    hardest,
    held_back,
    held_back_again,
    held_back_eighth,
    held_back_fifth,
    held_back_ninth,
    held_back_seventh,
    held_back_sixth,
    held_back_tenth,
    traces,
)
from tests.quality.hard import Labelled
from tests.quality.traces import RATE_HZ, Floats, ground

Detector = Callable[[Labelled], str]
SKIPPED = 0.2  # of a run, as warm-up, by those who know of no other way


def kept(series: Series) -> tuple[Floats, Floats]:
    begin = int(len(series.value) * SKIPPED)
    return series.ops[begin:], series.value[begin:]


def reaches(one: Labelled, per_op: float, last: float) -> str:
    """The straight line to the limit (``predict_linear``)."""
    if per_op <= 0 or one.series.limit is None:
        return "bounded"
    until_s = (one.series.limit - last) / (per_op * RATE_HZ)
    return "unbounded" if until_s <= one.horizon_s else "bounded"


def halves(one: Labelled) -> str:
    _, value = kept(one.series)
    half = len(value) // 2
    return "unbounded" if value[half:].mean() > 1.03 * value[:half].mean() else "bounded"


def least_squares(one: Labelled) -> str:
    ops, value = kept(one.series)
    return reaches(one, float(np.polyfit(ops - ops[0], value, 1)[0]), float(value[-1]))


def mann_kendall_and_sen(one: Labelled) -> str:
    ops, value = kept(one.series)
    step = max(1, len(value) // 300)
    ops, value = ops[::step], value[::step]
    i, j = np.triu_indices(len(value), 1)
    n = len(value)
    trend = float(np.sign(value[j] - value[i]).sum()) / math.sqrt(n * (n - 1) * (2 * n + 5) / 18)
    if trend < 2.33:
        return "bounded"
    slope = float(np.median((value[j] - value[i]) / np.maximum(ops[j] - ops[i], 1e-9)))
    return reaches(one, slope, float(value[-1]))


def five_rises(one: Labelled) -> str:
    lows = np.array([block.min() for block in np.array_split(one.series.value, 10)])
    longest = run = 0
    for rose in np.diff(lows) > 0:
        run = run + 1 if rose else 0
        longest = max(longest, run)
    return "unbounded" if longest >= 5 else "bounded"


def perfstress(one: Labelled) -> str:
    return assess(one.series, rate_hz=RATE_HZ, horizon_s=one.horizon_s).verdict


DETECTORS: Mapping[str, Detector] = {
    "halves differ by 3 %": halves,
    "least squares, extrapolated to the limit": least_squares,
    "Mann-Kendall and Sen's slope to the limit": mann_kendall_and_sen,
    "five rises of the block minimum": five_rises,
    "**this page**": perfstress,
}


def plain(each: int, seed: int) -> Iterator[tuple[str, Labelled]]:
    for truth, families in (("unbounded", traces.LEAKS), ("bounded", traces.BOUNDED)):
        for name, (unit, maker) in families.items():
            for number in range(each):
                on = ground(seed + number, unit)
                yield name, Labelled(maker(on), truth, on.horizon_s)  # type: ignore[arg-type]


def of(
    families: Mapping[str, tuple[str, hard.Maker]], each: int, seed: int
) -> Iterator[tuple[str, Labelled]]:
    for name, (unit, maker) in families.items():
        for number in range(each):
            yield name, maker(ground(seed + number, unit))


SETS: Mapping[str, Callable[[int, int], Iterator[tuple[str, Labelled]]]] = {
    "plain": plain,
    "hard": lambda each, seed: of(hard.HARD, each, seed),
    "harder": lambda each, seed: of(harder.HARDER, each, seed),
    "hardest": lambda each, seed: of(hardest.HARDEST, each, seed),
    "held back": lambda each, seed: of(held_back.HELD_BACK, each, seed),
    "held back again": lambda each, seed: of(held_back_again.HELD_BACK_AGAIN, each, seed),
    "held back, fifth": lambda each, seed: of(held_back_fifth.HELD_BACK_FIFTH, each, seed),
    "held back, sixth": lambda each, seed: of(held_back_sixth.HELD_BACK_SIXTH, each, seed),
    "held back, seventh": lambda each, seed: of(held_back_seventh.HELD_BACK_SEVENTH, each, seed),
    "held back, eighth": lambda each, seed: of(held_back_eighth.HELD_BACK_EIGHTH, each, seed),
    "held back, ninth": lambda each, seed: of(held_back_ninth.HELD_BACK_NINTH, each, seed),
    "held back, tenth": lambda each, seed: of(held_back_tenth.HELD_BACK_TENTH, each, seed),
}


def row(name: str, counts: Counter[tuple[str, str]]) -> str:
    leaks = sum(count for (truth, _), count in counts.items() if truth == "unbounded")
    others = counts.total() - leaks
    found, alarms = counts["unbounded", "unbounded"], counts["bounded", "unbounded"]
    recall, precision = found / max(1, leaks), found / max(1, found + alarms)
    f1 = 2 * precision * recall / max(1e-9, precision + recall)
    shares = (
        recall,
        alarms / max(1, others),
        counts["unbounded", "bounded"] / max(1, leaks),
        counts["bounded", "bounded"] / max(1, others),
    )
    return f"| {name} | " + " | ".join(f"{share:.1%}" for share in shares) + f" | {f1:.3f} |"


def main() -> None:
    """Judge and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", type=int, default=60)
    parser.add_argument("--seed", type=int, default=20_000)
    parser.add_argument("--families", action="store_true")
    parser.add_argument("--sets", nargs="*", default=list(SETS))
    asked = parser.parse_args()
    for title in asked.sets:
        counts: dict[str, Counter[tuple[str, str]]] = {name: Counter() for name in DETECTORS}
        family: dict[str, Counter[tuple[str, str]]] = {}
        spent_s = judged = 0.0
        for name, one in SETS[title](asked.each, asked.seed):
            for detector, decide in DETECTORS.items():
                began_s = time.process_time()
                said = decide(one)
                if decide is perfstress:
                    spent_s, judged = spent_s + time.process_time() - began_s, judged + 1
                    family.setdefault(name, Counter())[one.truth, said] += 1
                counts[detector][one.truth, said] += 1
        print(f"\n{title}: {judged:,.0f} series, {spent_s / judged * 1e3:.1f} ms of CPU each\n")
        print("| detector | recall | false alarms | false passes | bounded called bounded | F1 |")
        print("|---|---|---|---|---|---|")
        for name, of_it in counts.items():
            print(row(name, of_it))
        for name, of_it in family.items() if asked.families else ():
            print(f"  {name:28} " + ", ".join(f"{t}: {s} {n}" for (t, s), n in of_it.items()))


if __name__ == "__main__":
    main()
