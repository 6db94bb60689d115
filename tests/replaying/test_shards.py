"""The shards of a library: all of it, nothing twice, none much longer than another."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from perfstress.replaying.shards import shard_of

LIBRARIES = st.dictionaries(
    st.text("abcdef", min_size=1, max_size=4),
    st.one_of(st.just(0.0), st.floats(0.0, 10_000.0, allow_nan=False)),
    max_size=40,
)


@given(LIBRARIES, st.integers(1, 9))
def test_the_shards_are_a_partition_within_the_longest_entry(
    seconds: dict[str, float], shards: int
) -> None:
    found = shard_of(seconds, shards)
    assert sorted(found) == sorted(seconds)
    assert set(found.values()) <= set(range(1, shards + 1))
    loads = [
        sum(seconds[name] for name, shard in found.items() if shard == number)
        for number in range(1, shards + 1)
    ]
    assert max(loads) - min(loads) <= max(seconds.values(), default=0.0) + 1e-6


@given(LIBRARIES, st.integers(1, 9), st.randoms())
def test_every_machine_comes_to_the_same_division(
    seconds: dict[str, float], shards: int, random: object
) -> None:
    names = list(seconds)
    random.shuffle(names)  # type: ignore[attr-defined]
    assert shard_of({name: seconds[name] for name in names}, shards) == shard_of(seconds, shards)


def test_entries_without_a_time_are_spread_too() -> None:
    found = shard_of(dict.fromkeys("abcdef", 0.0), 3)
    assert sorted(found.values()) == [1, 1, 2, 2, 3, 3]
