"""The machine's figures, within what they can be."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfstress.probes.host import HostProbe
from perfstress.procfs import LINUX


def test_shares_are_of_what_passed_since_the_reading_before(tmp_path: Path) -> None:
    probe = HostProbe([tmp_path, tmp_path / "not-there-yet"])
    first = probe.read((), dear=False)
    assert first.values["host.load"] is not None
    assert first.values["host.memory_available"] > 0  # type: ignore[operator]
    assert first.values["host.disk_free"] > 0  # type: ignore[operator]
    assert "host.cpu" not in first.values
    if not LINUX:
        pytest.skip("needs /proc/stat")
    second: dict[str, float | None] = {}
    while "host.cpu" not in second:  # ticks of 10 ms
        sum(range(100_000))
        second = dict(probe.read((), dear=False).values)
    for name in ("host.cpu", "host.steal", "host.iowait"):
        assert 0 <= second[name] <= 1  # type: ignore[operator]
