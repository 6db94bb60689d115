"""Fire times, journeys and rows: when each operation is due and what it is, settled beforehand.

Everything here is a pure function of its seed. Uniform random doubles of PCG64 are the only source
of chance; they are turned into gaps and shuffles here, so that a schedule does not change with the
version of a library's distributions.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from perfstress.arrivals import KEPT, kept, read
from perfstress.plan import Epoch

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

# Arrivals are made this many at a time, so that a schedule of any length costs the same memory.
CHUNK = 8192

# A deck is shuffled in blocks of this many cards, and dealt this many blocks at a time.
BLOCK = 100
BLOCKS_DEALT = 10

# A count of arrivals is an integral of floats; anything nearer to a whole number is that number.
_NEAR = 1e-9


def fire_times(
    start_hz: float,
    end_hz: float,
    *,
    duration_ns: int | None = None,
    ops: int | None = None,
    arrivals: Literal["poisson", "uniform"] = "uniform",
    seed: int = 0,
) -> Iterator[Ints]:
    """Yield the offsets of all arrivals in ns from the start of the epoch, in order, in chunks.

    The rate moves in a straight line from ``start_hz`` to ``end_hz``. At least one of
    ``duration_ns`` and ``ops`` bounds it; with both, whichever comes first. A ramp without a
    duration takes as long as its ``ops`` need at the mean rate. Even arrivals are due where the
    integral of the rate is 0, 1, 2, …; those of a Poisson process where it reaches the sums of
    exponential gaps of mean 1 (Çinlar's inversion), which holds for every shape of the rate.
    """
    if min(start_hz, end_hz) < 0:
        raise ValueError(f"a rate cannot be negative: {start_hz} to {end_hz}")
    if duration_ns is None and ops is None:
        raise ValueError("an epoch needs a duration, a number of operations, or both")
    mean_hz = (start_hz + end_hz) / 2
    if mean_hz == 0 or ops == 0 or duration_ns == 0:
        return
    if duration_ns is not None:
        seconds = duration_ns / 1e9
    else:
        seconds = (ops or 0) / mean_hz
    slope = (end_hz - start_hz) / seconds
    total = mean_hz * seconds if duration_ns is not None or slope else math.inf
    points = _even(total) if arrivals == "uniform" else _poisson(total, seed, ops, duration_ns)
    left = math.inf if ops is None else ops
    for due in points:
        kept = due[: int(min(left, len(due)))]
        left -= len(kept)
        if len(kept):
            yield np.rint(_inverse_integral(kept, start_hz, slope) * 1e9).astype(np.int64)
        if left <= 0:
            return


def arrivals_of(epoch: Epoch) -> Iterator[Ints]:
    """The offsets of all arrivals of an epoch of the open model, in ns, in order, in chunks."""
    if epoch.kind == "idle":
        return iter(())
    if epoch.arrivals == "recorded":
        return recorded(Path(epoch.recording), epoch.seed, epoch.duration_ns or 0)
    return fire_times(
        epoch.start_level,
        epoch.end_level,
        duration_ns=epoch.duration_ns,
        ops=epoch.ops,
        arrivals=epoch.arrivals,
        seed=epoch.seed,
    )


def recorded(path: Path, seed: int, duration_ns: int) -> Iterator[Ints]:
    """Arrivals from a file: those that ``keep`` has written at once, of any other as ``read``."""
    if path.suffix == KEPT:
        yield from kept(path)
        return
    due_ns = read(path).due_ns(seed, duration_ns)
    for at in range(0, len(due_ns), CHUNK):
        yield due_ns[at : at + CHUNK]


def _inverse_integral(points: Floats, start_hz: float, slope: float) -> Floats:
    """Seconds at which the integral of the rate, ``start*t + slope*t²/2``, reaches each point.

    ``t = 2n / (start + sqrt(start² + 2*slope*n))`` needs no special case for a level or a falling
    rate. Point 0 of a ramp from zero would be 0/0, and is at once.
    """
    under = np.sqrt(np.maximum(start_hz * start_hz + 2 * slope * points, 0.0))
    below = start_hz + under
    return np.divide(2 * points, below, out=np.zeros_like(points), where=below > 0)


def _even(total: float) -> Iterator[Floats]:
    count = math.inf if math.isinf(total) else math.ceil(total - _NEAR)
    at = 0
    while at < count:
        upto = int(min(at + CHUNK, count))
        yield np.arange(at, upto, dtype=np.float64)
        at = upto


def _poisson(total: float, seed: int, ops: int | None, duration_ns: int | None) -> Iterator[Floats]:
    random = np.random.Generator(np.random.PCG64(seed))
    bound = (
        total if duration_ns is not None else math.inf
    )  # ops alone decide where there are only ops
    reached, made = 0.0, 0
    while ops is None or made < ops:
        points = reached + np.cumsum(-np.log1p(-random.random(CHUNK)))
        reached = float(points[-1])
        made += CHUNK
        if reached >= bound:
            yield points[points < bound]
            return
        yield points


class Stripe:
    """Every ``parts``-th arrival from number ``part`` on; the union over all parts is the whole.

    ``seen`` counts the arrivals of the whole so far and ``last_ns`` is the last of them, of
    whichever part: what ends with the whole schedule has to end at the same time in every process.
    """

    def __init__(self, chunks: Iterator[Ints], part: int, parts: int) -> None:
        self._chunks = chunks
        self._part, self._parts = part, parts
        self.seen = 0
        self.last_ns = 0
        self._latest: deque[Ints] = deque(maxlen=2)

    def seen_before(self, offset_ns: int) -> int:
        """How many arrivals of the whole so far are due before this; exact for one that lies in
        what was handed out last.
        """
        beyond = sum(len(chunk) - int(np.searchsorted(chunk, offset_ns)) for chunk in self._latest)
        return self.seen - beyond

    def __iter__(self) -> Iterator[Ints]:
        return self

    def __next__(self) -> Ints:
        while True:
            chunk = next(self._chunks)
            first = (self._part - self.seen) % self._parts
            self.seen += len(chunk)
            self._latest.append(chunk)
            if len(chunk):
                self.last_ns = int(chunk[-1])
            if len(mine := chunk[first :: self._parts]):
                return mine


class Deck:
    """Deals journeys (by index) so that any stretch holds them in the proportion of their weights.

    Each block of ``BLOCK`` cards holds every journey in proportion; what does not divide evenly is
    carried over by the largest remainder, so that after any number of blocks each journey is within
    one card of its share. The order within a block is shuffled by the seed.
    """

    def __init__(self, weights: Sequence[float], seed: int) -> None:
        if not weights or min(weights) < 0 or sum(weights) <= 0:
            raise ValueError(f"weights must be positive: {list(weights)}")
        self._share = np.asarray(weights, dtype=np.float64) / math.fsum(weights)
        self._given = np.zeros(len(weights), dtype=np.int64)
        self._random = np.random.Generator(np.random.PCG64(seed))

    def deal(self) -> Ints:
        """The next ``BLOCK * BLOCKS_DEALT`` cards."""
        if len(self._share) == 1:
            return np.zeros(BLOCK * BLOCKS_DEALT, dtype=np.int64)
        return np.concatenate([self._block() for _ in range(BLOCKS_DEALT)])

    def _block(self) -> Ints:
        dealt = int(self._given.sum())
        owed = self._share * (dealt + BLOCK) - self._given
        counts = np.maximum(np.floor(owed + _NEAR), 0).astype(np.int64)
        missing = BLOCK - int(counts.sum())
        for journey in np.argsort(counts - owed, kind="stable")[: max(missing, 0)]:
            counts[journey] += 1
        while (excess := int(counts.sum()) - BLOCK) > 0:  # an earlier card too many is taken back
            journey = int(np.argmax(np.where(counts > 0, counts - owed, -np.inf)))
            counts[journey] -= min(excess, 1)
        self._given += counts
        cards = np.repeat(np.arange(len(counts), dtype=np.int64), counts)
        return cards[np.argsort(self._random.random(BLOCK), kind="stable")]


class RowOrder:
    """The row of a data file that each use gets; a shuffled file is shuffled anew each pass."""

    def __init__(self, rows: int, order: Literal["sequential", "shuffled"], seed: int) -> None:
        if rows < 1:
            raise ValueError("a data file needs at least one row")
        self._rows = rows
        self._shuffled = order == "shuffled"
        self._seed = seed
        self._passes: dict[int, Ints] = {}

    def rows(self, uses: Ints) -> Ints:
        """The row numbers of these uses (a rising sequence of numbers from 0)."""
        if not self._shuffled:
            return uses % self._rows
        found = np.empty_like(uses)
        number_of_pass = uses // self._rows
        for number in np.unique(number_of_pass).tolist():
            here = number_of_pass == number
            found[here] = self._pass(number)[uses[here] % self._rows]
        return found

    def _pass(self, number: int) -> Ints:
        if number not in self._passes:
            for old in [known for known in self._passes if known < number - 1]:
                del self._passes[old]
            random = np.random.Generator(np.random.PCG64([self._seed, number]))
            self._passes[number] = np.argsort(random.random(self._rows), kind="stable")
        return self._passes[number]


class Draws:
    """The one seeded sequence of a run: which journey each operation is, and which rows it reads.

    ``reads[j]`` are the numbers of the data files (indices of ``orders``) that journey ``j`` reads;
    each operation uses one row of each of its files. ``part`` of ``parts`` takes every
    ``parts``-th operation of the whole sequence. The mix may change between epochs; a mix that
    comes back goes on where its deck was left.
    """

    def __init__(
        self,
        journeys: Sequence[str],
        reads: Sequence[Sequence[int]],
        orders: Sequence[RowOrder],
        seed: int,
        part: int = 0,
        parts: int = 1,
    ) -> None:
        self._journeys = tuple(journeys)
        self._uses = np.zeros((len(orders), len(reads)), dtype=np.int64)
        for journey, files in enumerate(reads):
            self._uses[list(files), journey] = 1
        self._orders = tuple(orders)
        self._used = np.zeros(len(orders), dtype=np.int64)
        self._seed = seed
        self._part, self._parts = part, parts
        self._decks: dict[tuple[float, ...], Deck] = {}
        self._left: dict[tuple[float, ...], Ints] = {}
        self._mix: tuple[float, ...] = ()
        self._cards: Ints = np.zeros(0, dtype=np.int64)
        self._spare: Ints = np.zeros(0, dtype=np.int64)
        self._mine: list[int] = []
        self._rows: list[list[int]] = []
        self._at = 0
        self._whole = 0  # of the cards that were dealt and laid away, those of the whole

    def settle(self, taken: int) -> None:
        """The whole has taken ``taken`` operations since it was settled last, this part its share
        of them; the next operation is the first of a new turn, that of part 0.
        """
        taken -= self._whole
        while taken > len(self._cards):  # the others have gone on to cards that this part has not
            taken -= len(self._cards)
            self._put_away(len(self._cards))
            self._lay(np.concatenate([self._spare, self._decks[self._mix].deal()]))
        rest = np.concatenate([self._cards[taken:], self._spare])
        self._put_away(taken)
        self._lay(rest)
        self._whole = 0

    def _put_away(self, count: int) -> None:
        """The first cards that lie there have been used up by all the parts together."""
        self._used += self._uses[:, self._cards[:count]].sum(axis=1)
        self._whole += count

    def change_mix(self, mix: Mapping[str, float]) -> None:
        """Draw by these weights from now on; journeys that are not named do not come."""
        weights = tuple(float(mix.get(name, 0.0)) for name in self._journeys)
        if weights == self._mix:
            return
        if self._mix:
            taken = min(self._at * self._parts, len(self._cards))
            self._left[self._mix] = np.concatenate([self._cards[taken:], self._spare])
            self._put_away(taken)
            self._whole = 0
        self._mix = weights
        if weights not in self._decks:
            self._decks[weights] = Deck(weights, self._seed)
        self._lay(self._left.pop(weights, np.zeros(0, dtype=np.int64)))

    def _lay(self, cards: Ints) -> None:
        """Have these cards at hand but for the last few that would not make a turn of all parts, so
        that every part keeps its turn across the seam.
        """
        turns = len(cards) // self._parts * self._parts
        cards, self._spare = cards[:turns], cards[turns:]
        self._cards, self._at = cards, 0
        self._mine = cards[self._part :: self._parts].tolist()
        self._rows = []
        for number, order in enumerate(self._orders):
            uses = self._uses[number][cards]
            which = self._used[number] + np.cumsum(uses) - uses
            mine = which[self._part :: self._parts]
            self._rows.append(order.rows(mine).tolist())

    def next(self) -> tuple[int, tuple[int, ...]]:
        """The next operation of this part: its journey, and a row number for every data file (only
        those of files that the journey reads are used up).
        """
        while self._at >= len(self._mine):
            self._put_away(len(self._cards))
            self._lay(np.concatenate([self._spare, self._decks[self._mix].deal()]))
        at = self._at
        self._at = at + 1
        return self._mine[at], tuple([rows[at] for rows in self._rows])
