"""Levels of a climb at which other processes took the CPU that the target needed."""

from __future__ import annotations

import pytest

from perfstress.detectors.capacity import detect
from perfstress.judge import judge
from perfstress.measurement import Sample
from perfstress.run import Run
from perfstress.verdict import Outcome
from tests.support import climbs
from tests.support.climbs import climbed
from tests.support.made_runs import with_

HUNTED = ["throughput-collapse"]


def beside(run: Run, *, taken: float, waited: float, ran: float = 0.8) -> Run:
    """The run on two cores, with so many of them used by others, and so many seconds of waiting and
    running of the target's threads in each second.
    """
    end_s = int(max(event.t_s for event in run.events)) + 1
    samples = [
        Sample(
            t_s,
            0,
            "load",
            t_s,
            {},
            {"neighbours_s": taken * t_s, "waited_s": waited * t_s, "ran_s": ran * t_s},
        )
        for t_s in range(end_s)
    ]
    return with_(run, samples=samples, manifest={"environment": {"cores": 2, "usable_cores": 2}})


@pytest.mark.parametrize(
    ("taken", "waited", "outcome"),
    [
        (0.9, 0.4, Outcome.INCONCLUSIVE),
        (0.1, 0.4, Outcome.FAIL),  # the target shares its cores with the generator alone
        (0.9, 0.05, Outcome.FAIL),  # others work, and the target has its CPU all the same
        (0.9, 0.12, Outcome.FAIL),  # a wait that is little beside the time that it ran
    ],
)
def test_a_knee_too_low_is_the_targets_only_where_others_leave_it_the_cpu(taken, waited, outcome):
    run = beside(
        climbed(climbs.plateau(400), success=["knee >= 600/s"]), taken=taken, waited=waited
    )
    found = detect(run)
    assert found.checks[0].outcome is outcome
    assert ("quiet machine" in found.checks[0].seen) == (outcome is Outcome.INCONCLUSIVE)
    [knee] = [finding for finding in found.findings if finding.kind == "knee"]
    assert knee.fails == (outcome is Outcome.FAIL)


def test_a_knee_high_enough_is_high_enough_whatever_others_do():
    run = beside(climbed(climbs.plateau(400), success=["knee >= 300/s"]), taken=1.5, waited=0.6)
    assert detect(run).checks[0].outcome is Outcome.PASS


def test_a_collapse_beside_busy_neighbours_is_left_open():
    run = beside(climbed(climbs.collapsing(400), hunts=HUNTED), taken=0.9, waited=0.4)
    [finding] = [one for one in detect(run).findings if one.kind == "throughput-collapse"]
    assert not finding.fails
    verdict = judge(run)
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "other processes used 0.9 of 2 cores" in " ".join(verdict.reasons)


def test_what_was_not_read_changes_nothing():
    found = detect(climbed(climbs.plateau(400), success=["knee >= 600/s"]))
    assert found.checks[0].outcome is Outcome.FAIL
