"""The functions that the worked examples run on perfstress itself."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

RECORDER = Path(__file__).parents[1] / "worked_examples" / "targets" / "own" / "recorder.py"


def test_every_latency_that_goes_in_comes_out() -> None:
    recorder = runpy.run_path(str(RECORDER))
    recorder["setup"](batch=100)
    out = [recorder["record_batch"](i) for i in range(100)]
    assert out[8:11] == [0, 1000, 1000]  # ten batches are a second
    assert out[49] == 0  # an epoch ends: all of it has come out, and counting begins anew
    assert recorder["state"]() == {"waiting": 0}


def test_a_latency_that_is_lost_is_told() -> None:
    recorder = runpy.run_path(str(RECORDER))
    bench = recorder["Bench"](100)
    bench.expected = 1
    for i in range(49):
        bench.record(i)
    with pytest.raises(ValueError, match="5001 latencies went in, 5000 came out"):
        bench.record(49)
