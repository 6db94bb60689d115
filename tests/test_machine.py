"""The machine that the tests run on."""

from __future__ import annotations

import os
import sys

from perfstress import machine


def test_the_host_is_described() -> None:
    host = machine.host()
    assert host.cores >= host.usable_cores >= 1
    assert host.memory_bytes > machine.memory_available_bytes() > 0
    assert host.kernel in sys.version or host.kernel == os.uname().release
    steal = machine.cpu_steal()
    assert steal is None or 0 <= steal <= 1
