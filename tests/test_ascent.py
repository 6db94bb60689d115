"""A climb watched while it runs: when it is over, and what is left out."""

from __future__ import annotations

from perfstress import plan
from perfstress.ascent import Ascent
from perfstress.clock import now_ns
from perfstress.example import WorkedExample
from perfstress.measurement import Interval
from perfstress.protocols import EpochBegan, EpochDone, Progress
from perfstress.units import NS_PER_S
from tests.support import climbs

ZERO_NS = now_ns() - 1000 * NS_PER_S  # everything is long past, so nothing is waited for


class Watched:
    """An ascent that is told of level after level."""

    def __init__(self, target: climbs.Target) -> None:
        self.block = plan.epochs(WorkedExample.model_validate(climbs.document()))
        self.ascent = Ascent(self.block, ZERO_NS)
        self.target = target
        self.t_s = 0

    def begin(self, epoch: plan.Epoch) -> None:
        self.ascent.take([EpochBegan(epoch.index, ZERO_NS + self.t_s * NS_PER_S)])

    def drive(self, epoch: plan.Epoch, dropped: int = 0) -> None:
        """One epoch to its end; the next one has begun by then."""
        self.begin(epoch)
        for _ in range(round((epoch.duration_ns or 0) / NS_PER_S)):
            second = self.target(epoch.start_level)
            errors = dict(second.errors)
            fired = second.ok + sum(errors.values())
            one = Interval(self.t_s, epoch.index, "look", None, fired, second.ok, errors)
            self.ascent.take([one, Progress({}, 3, second.ok)])
            self.t_s += 1
        ended_ns = ZERO_NS + self.t_s * NS_PER_S
        following = self.block[epoch.index + 1]
        self.ascent.take([EpochDone(epoch.index, ended_ns, None, dropped)])
        self.begin(following)


def test_it_is_over_where_the_rules_say_so_and_the_rest_is_left_out():
    watched = Watched(climbs.plateau(400))
    first, *rest = watched.block
    watched.drive(first)
    assert watched.ascent.over() is None
    over, visited = None, []
    for epoch in rest:
        watched.drive(epoch)
        visited.append(epoch.index)
        if (over := watched.ascent.over()) is not None:
            break
    assert over is not None
    assert (over.stage, over.epoch, over.ending.by) == ("climb", visited[-1], "target")
    last = watched.block[-1].index
    assert over.then == last
    assert over.left_out == tuple(range(visited[-1] + 2, last))  # the next one has begun
    assert watched.ascent.over() is None  # once is enough


def test_a_climb_that_reaches_its_top_leaves_nothing_out():
    watched = Watched(climbs.strong)
    for epoch in watched.block[:-1]:
        watched.drive(epoch)
        assert watched.ascent.over() is None
    assert watched.ascent.has_been
    assert not watched.ascent.is_under_way


def test_max_in_flight_is_seen_before_the_level_has_ended():
    watched = Watched(climbs.strong)
    watched.drive(watched.block[0])
    watched.ascent.take([Progress({}, 5000)])
    over = watched.ascent.over()
    assert over is not None
    assert "max_in_flight of 5,000" in over.ending.why
    assert (over.epoch, over.then) == (1, watched.block[-1].index)


def test_ordinary_load_may_have_as_many_in_flight_as_it_likes():
    watched = Watched(climbs.strong)
    watched.begin(watched.block[0])
    watched.ascent.take([Progress({}, 5000)])
    assert watched.ascent.over() is None
    assert watched.ascent.broke("silence") is None


def test_silence_ends_a_climb_once():
    watched = Watched(climbs.strong)
    watched.drive(watched.block[0])
    assert watched.ascent.broke("no good answer for 10 s") is not None
    assert watched.ascent.broke("no good answer for 10 s") is None
