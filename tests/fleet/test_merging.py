"""Several processes as one: nothing lost, nothing told twice, the slowest waited for."""

import numpy as np

from perfstress.fleet.merging import Merger
from perfstress.histogram import Histogram
from perfstress.measurement import Interval
from perfstress.protocols import BlockDone, EpochBegan, EpochDone, Lost, Progress


def blob(*values_ns):
    histogram = Histogram()
    histogram.record(np.array(values_ns, dtype=np.int64))
    return histogram.encode()


def interval(t_s, fired=1, errors=None, response=None):
    return Interval(t_s, 0, "a", "s", fired, fired, errors or {}, response)


def test_one_process_passes_through():
    event = interval(0)
    assert Merger(1).take(0, event, None) == [event]


def test_seconds_wait_for_the_slowest():
    merger = Merger(2)
    merger.begin_block()
    assert merger.take(0, interval(0, 3, {"reset": 1}, blob(10**6)), None) == []
    assert merger.take(0, interval(1, 5), None) == []
    (progress,) = merger.take(0, Progress({"a": 8}, 1, 7, 1), 2)
    assert progress.ops_by == {"a": 8}
    assert merger.take(1, interval(0, 4, {"reset": 2, "status": 1}, blob(10**9)), None) == []
    whole, progress = merger.take(1, Progress({"a": 4}, 2, 4, 0), 1)
    assert (whole.t_s, whole.fired, whole.errors) == (0, 7, {"reset": 3, "status": 1})
    assert Histogram.decode(whole.response).total == 2
    assert (progress.ops_by, progress.in_flight, progress.ok) == ({"a": 12}, 3, 11)
    assert merger.take(0, BlockDone(), None) == []
    rest = merger.take(1, BlockDone(), None)
    assert [type(event) for event in rest] == [Interval, Progress, BlockDone]
    assert rest[0] == interval(1, 5)


def test_epochs_begin_once_and_end_with_the_last():
    merger = Merger(3)
    merger.begin_block()
    began = [merger.take(part, EpochBegan(4, 100), None) for part in range(3)]
    assert began == [[EpochBegan(4, 100)], [], []]
    told = [
        merger.take(
            part,
            EpochDone(
                4,
                200 + part,
                10,
                part,
                "full" if part else "",
                {"cpu_s": 1.0, "loop_lag_ms": float(part), "cpu_share": 0.5},
                {"reset": f"by {part}"},
            ),
            None,
        )
        for part in range(3)
    ]
    assert told[:2] == [[], []]
    (done,) = told[2]
    assert (done.ended_ns, done.intended, done.dropped, done.why_dropped) == (202, 30, 3, "full")
    assert done.health == {"cpu_s": 3.0, "loop_lag_ms": 2.0, "cpu_share": 0.5}
    assert done.troubles == {"reset": "by 0"}


def test_a_lost_process_does_not_hold_up_the_others():
    merger = Merger(2)
    merger.begin_block()
    merger.take(0, EpochDone(0, 5, None, 0), None)
    assert merger.take(1, Lost("gone"), None) == [Lost("gone")]
    assert merger.lost(1) == []
    events = merger.take(0, BlockDone(), None)
    assert [type(event) for event in events] == [EpochDone, Progress, BlockDone]
    assert events[0].intended is None


def test_a_process_that_was_lost_before_is_not_waited_for_in_later_blocks():
    merger = Merger(2)
    merger.begin_block()
    merger.take(0, BlockDone(), None)
    assert isinstance(merger.take(1, BlockDone(), None)[-1], BlockDone)
    assert merger.lost(1) == []  # told between two blocks
    merger.begin_block()
    assert isinstance(merger.take(0, BlockDone(), None)[-1], BlockDone)
