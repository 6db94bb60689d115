"""perfstress on itself: batches of latencies through the recorder of its load engine.

Time is made up: each batch is a tenth of a second of an even load, so that every tenth batch ends a
second and hands out an interval. Its histograms are decoded and merged, as a report does it, and
checked against the number of latencies that went in.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from perfstress.engine.recorder import Recorder
from perfstress.histogram import Histogram
from perfstress.measurement import Interval

BATCH_NS = 100_000_000
BATCHES_PER_EPOCH = 50
DIFFERENT = 16  # batches that are drawn in setup, and taken in turn


class Bench:
    """A recorder, what goes into it, and what came out."""

    def __init__(self, batch: int) -> None:
        self.batch = batch
        self.merged = Histogram()
        self.recorder = Recorder(0, self._take)
        self.out = 0
        self.expected = 0
        self.batches = 0
        self.times = [self._draw(np.random.default_rng((20251120, n))) for n in range(DIFFERENT)]

    def _draw(self, rng: np.random.Generator) -> NDArray[np.int64]:
        """Rows of intended, fired, first byte and done, within a batch that begins at 0."""
        done = np.sort(rng.integers(0, BATCH_NS, self.batch))
        service = np.minimum(rng.lognormal(np.log(2e6), 0.7, self.batch).astype(np.int64), done)
        fired = done - service
        slip = np.minimum(rng.exponential(50_000, self.batch).astype(np.int64), fired)
        return np.stack([fired - slip, fired, fired + service // 2, done], axis=1)

    def _take(self, interval: Interval) -> None:
        for blob in (interval.response, interval.service, interval.slip, interval.first_byte):
            if blob is not None:
                self.merged.add(Histogram.decode(blob))
        if interval.step is not None:
            self.out += interval.ok

    def record(self, drawn: int) -> int:
        """Record one batch, the drawn one of this number; gives the number of latencies that have
        come out since the last epoch began; raises ValueError when one was lost.
        """
        epoch, place = divmod(self.batches, BATCHES_PER_EPOCH)
        began_ns = self.batches * BATCH_NS
        self.batches += 1
        (track,) = self.recorder.tracks(epoch, "call", ("get /",))
        rows = self.times[drawn % DIFFERENT] + began_ns
        track.fired.frombytes(np.sort(rows[:, 1]).tobytes())
        track.done.frombytes(rows.tobytes())
        self.expected += self.batch
        self.recorder.flush(began_ns + BATCH_NS)
        if place == BATCHES_PER_EPOCH - 1:
            self.recorder.close(epoch, began_ns + BATCH_NS)
            if self.out != self.expected or self.merged.total != 4 * self.expected:
                raise ValueError(f"{self.expected} latencies went in, {self.out} came out")
            self.merged.clear()
            self.out = self.expected = 0
        return self.out


_bench = Bench(0)


def setup(batch: int = 10_000) -> None:
    """Get ready to record batches of this many latencies."""
    global _bench
    _bench = Bench(batch)


def record_batch(i: int) -> int:
    """Record one batch, the one after the last."""
    return _bench.record(i)


def state() -> dict[str, int]:
    """How many latencies wait to come out: at most those of one epoch."""
    return {"waiting": _bench.expected - _bench.out}
