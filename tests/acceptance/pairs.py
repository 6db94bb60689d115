"""For every finding class: the live target at which it has to fire, and the mended twin of that one
at which nothing may. Tests of ``tests/live/test_finding_*.py``, as their journal names them.
"""

from __future__ import annotations

from collections.abc import Mapping

GROWS = "growth: test_what_grows_is_found_and_what_does_not_is_left_alone"
COUNTS = "counters: test_what_is_wrong_is_found_and_what_is_right_is_not"
BREAKS = "capacity: test_what_breaks_is_found_and_what_refuses_is_not"
COSTS = "sizes: test_what_is_found_and_nothing_when_it_is_mended"
MEETS = "interaction: test_what_two_paths_do_to_each_other"
LOSES = "invariant: test_what_is_lost"
WORKS = "services: test_work_that_is_amplified"


def _grown(name: str) -> tuple[str, str]:
    return f"{GROWS}[{name}]", f"{GROWS}[{name}-mended]"


SERVED_WELL = f"{GROWS}[served-well]"

PAIRS: Mapping[str, tuple[str, str]] = {
    "memory-growth": _grown("memory"),
    "fd-growth": _grown("descriptors"),
    "thread-growth": _grown("threads"),
    "process-growth": _grown("processes"),
    "connection-growth": _grown("connections"),
    "disk-growth": _grown("disk"),
    "gauge-growth": _grown("gauge"),
    "series-growth": _grown("labels"),
    "counter-wrap": (f"{COUNTS}[ticket that begins again]", f"{COUNTS}[ticket with a book]"),
    "counter-stuck": (f"{COUNTS}[float32 that counts no further]", f"{COUNTS}[int in its place]"),
    "latency-objective": _grown("late"),
    "error-objective": (f"{GROWS}[errors]", SERVED_WELL),
    "throughput-collapse": (
        f"{BREAKS}[thrashing collapses]",
        f"{BREAKS}[a bounded queue does not]",
    ),
    "latency-drift": _grown("drift"),
    "work-amplification": (f"{WORKS}[n-plus-one-told0]", f"{WORKS}[joined-told1]"),
    "knee": (f"{BREAKS}[knee too low]", f"{BREAKS}[knee high enough]"),
    "no-recovery": (f"{BREAKS}[retries for ever]", f"{BREAKS}[back by itself]"),
    "interaction": (
        f"{MEETS}[crossed-30/s-30/s-BROKEN]",
        f"{MEETS}[crossed-mended-30/s-30/s-None]",
    ),
    "size-boundary": (f"{COSTS}[breaks_from_a_size_on]", f"{COSTS}[fits_at_every_size]"),
    "superlinear-cost": (f"{COSTS}[square_by_argument]", f"{COSTS}[sorting]"),
    "crash": (f"{GROWS}[crash]", SERVED_WELL),
    "hang": (f"{GROWS}[hang]", SERVED_WELL),
    "invariant": (f"{LOSES}[-0]", f"{LOSES}[-1]"),
    "objective": _grown("heavy"),
}
PAIRED: frozenset[str] = frozenset(case for pair in PAIRS.values() for case in pair)
