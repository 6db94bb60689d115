"""Stacks, mappings and histograms, of real processes and as tools print them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from perfstress.probes.jvm import rows
from perfstress.probes.maps import Maps, own_bytes
from perfstress.probes.stacks import py_spy, stacks
from perfstress.procfs import LINUX, command_of
from tests.support.waiting import wait_for

SMAPS = b"""\
55d0c0a00000-55d0c0a21000 rw-p 00000000 00:00 0                          [heap]
Size:                132 kB
Anonymous:            64 kB
Swap:                  4 kB
VmFlags: rd wr mr mw me ac sd
7f00c0000000-7f00c0100000 rw-p 00000000 00:00 0
Anonymous:           100 kB
7f00d0000000-7f00d0100000 r--p 00000000 08:01 131 /usr/lib/my library.so
Anonymous:             0 kB
7f00e0000000-7f00e0100000 rw-p 00000000 08:01 131 /usr/lib/my library.so
Anonymous:             8 kB
"""

HISTOGRAM = """\
 num     #instances         #bytes  class name (module)
-------------------------------------------------------
   1:         18826        1410368  [B (java.base@17.0.15)
   2:           600          14400  Shop$Order
Total         19426        1424768
"""

WAITING = """
import threading, time
def held(): time.sleep(600)
def outer(): held()
for _ in range(3): threading.Thread(target=outer, daemon=True).start()
print("up", flush=True)
outer()
"""


def test_mappings_of_one_name_are_added_up() -> None:
    assert own_bytes(SMAPS) == {
        "[heap]": 68 << 10,
        "anonymous": 100 << 10,
        "/usr/lib/my library.so": 8 << 10,
    }


@pytest.mark.skipif(not LINUX, reason="/proc is Linux's")
def test_the_mappings_of_this_process() -> None:
    names = [item["name"] for item in Maps().evidence((os.getpid(),))["maps"]]
    assert "anonymous" in names or "[heap]" in names
    assert Maps().evidence((2**22 + 1,)) == {}


def test_rows_of_a_histogram() -> None:
    assert rows(HISTOGRAM) == [("[B", 18826, 1410368), ("Shop$Order", 600, 14400)]


@pytest.fixture
def waiting() -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen([sys.executable, "-c", WAITING], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    yield process
    process.kill()
    process.communicate()


@pytest.mark.live
def test_threads_that_stand_in_one_place_are_one_group(waiting: subprocess.Popen[str]) -> None:
    if py_spy() is None:
        pytest.skip("no py-spy: pip install 'perfstress[profile]'")
    facts = stacks((waiting.pid,))
    assert facts["threads"] == 4
    assert facts["groups"][0] == {"in": "held (<string>:3)", "called_from": "", "count": 4}


@pytest.mark.live
def test_a_process_that_nobody_can_ask_tells_nothing() -> None:
    process = subprocess.Popen(["sleep", "60"])
    try:
        wait_for(lambda: command_of(process.pid) == "sleep")
        assert stacks((process.pid,)) == {}
    finally:
        process.kill()
        process.wait()


def test_a_process_that_has_gone_is_no_error() -> None:
    assert stacks((2**22 + 1,)) == {}
