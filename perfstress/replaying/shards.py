"""The library divided among machines: disjoint shards that together are all of it, equally long."""

from __future__ import annotations

import heapq
from collections.abc import Mapping


def shard_of(seconds: Mapping[str, float], shards: int) -> dict[str, int]:
    """The shard, from 1 on, of each entry, given how long each takes.

    The longest first, each to the shard that has least so far (Graham's LPT rule). A shard was the
    lightest when its last entry came, so the heaviest is ahead of the lightest by no more than one
    entry. Every machine has to come to the same division by itself: it rests on nothing but its
    arguments, and ties go by number of entries, by the shard's number and by name.
    """
    loads = [(0.0, 0, shard) for shard in range(1, shards + 1)]
    heapq.heapify(loads)
    found = {}
    for name in sorted(seconds, key=lambda name: (-seconds[name], name)):
        load, count, shard = heapq.heappop(loads)
        found[name] = shard
        heapq.heappush(loads, (load + seconds[name], count + 1, shard))
    return found
