"""When: the clock of the host, and how long it waits before it looks again."""

from __future__ import annotations

import time

NAP_S = 0.02  # between two looks at whether to go on
NEVER_NS = 1 << 62

clock = time.perf_counter_ns
