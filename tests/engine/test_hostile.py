"""Hostile servers: every attempt ends in its class, and the generator neither hangs nor grows."""

from __future__ import annotations

import time

import psutil
import pytest

from perfstress.clock import now_ns
from perfstress.engine.script import RouteScript, Script, TlsScript
from perfstress.fleet.local import LocalFleet
from perfstress.measurement import Interval
from perfstress.protocols import BlockDone, EpochDone, Lost, Progress
from tests.support import hostile
from tests.support.certificates import needs_openssl, papers
from tests.support.engine_drive import drive, epoch, journey, run, script, step
from tests.support.hostile import CLASSES, in_a_thread, serving_hostile

pytestmark = pytest.mark.live

PATIENCE_NS = 30 * 10**9  # for what answers at all, however busy the machine is
LOOKS = {"endless", "crumbs", "bomb"}


def asks(way):
    expect = {"contains": "the end"} if way in LOOKS else {}
    patience_ns = 300_000_000 if CLASSES[way] == "timeout" else None
    return journey(way, step("s", path=f"/{way}", expect=expect, timeout_ns=patience_ns))


@pytest.mark.parametrize("way", CLASSES)
def test_each_way_ends_in_its_class(way):
    ops = 6 if way in LOOKS else 40
    with serving_hostile() as (server, port):
        what = script(port, asks(way))
        bounds = epoch(level=min(ops, 20), ops=ops, mix={way: 1.0}, timeout_ns=PATIENCE_NS)
        heard = run(drive(what, [bounds]))
    seen = heard.of(way, "s")
    expected = {CLASSES[way]: ops} if CLASSES[way] else {}
    assert (seen.fired, seen.ok, seen.errors) == (ops, 0 if expected else ops, expected)
    assert heard.left_open == 0
    assert server.asked[way] >= ops


def test_a_reset_after_each_byte_of_an_answer():
    """One attempt for each byte of the answer: none is taken for a good one, none is lost."""
    length = len(hostile.TARGET["WELL"])
    with serving_hostile() as (server, port):
        bounds = epoch(
            model="open", level=300, ops=length, mix={"cut": 1.0}, timeout_ns=PATIENCE_NS
        )
        heard = run(drive(script(port, asks("cut")), [bounds]))
    assert heard.of("cut", "s").errors == {"reset": length}
    assert server.asked["cut"] == length
    assert heard.retries == 0


def told_by_a_process(what: Script, block, memory=None):
    """What a process of load tells of a block of epochs: intervals, and the end of each epoch.
    ``memory`` takes pairs of attempts ended and resident bytes.
    """
    fleet = LocalFleet(1)
    intervals, ends = [], []
    deadline = time.monotonic() + 60
    try:
        fleet.launch(what.as_json(), now_ns())
        fleet.ready(30)
        process = psutil.Process(fleet._processes[0].pid)
        fleet.start_at(block, now_ns() + 50_000_000)
        while time.monotonic() < deadline:
            for event in fleet.poll(0.5):
                assert not isinstance(event, Lost), event
                if isinstance(event, Interval) and event.step is not None:
                    intervals.append(event)
                elif isinstance(event, EpochDone):
                    ends.append(event)
                elif isinstance(event, Progress) and memory is not None:
                    memory.append((event.ok + event.errors, process.memory_info().rss))
                elif isinstance(event, BlockDone):
                    return intervals, ends
        raise AssertionError("not over within 60 s")
    finally:
        fleet.stop()


def counts_of(intervals):
    """Attempts by journey and class; good ones have none."""
    counts: dict[str, dict[str, int]] = {}
    for one in intervals:
        mine = counts.setdefault(one.journey, {})
        for kind, count in {"": one.ok, **one.errors}.items():
            if count:
                mine[kind] = mine.get(kind, 0) + count
    return counts


def test_thousands_of_attempts_at_once_leave_the_memory_where_it_was():
    """All ways in one process: counts are exact, and the last third of the attempts leaves no more
    behind than the second one did.
    """
    ways = [way for way in CLASSES if way not in LOOKS]
    mix = {way: 0.02 if CLASSES[way] == "timeout" else 1.0 for way in ways}
    block = [epoch(level=48, ops=6000, mix=mix, timeout_ns=PATIENCE_NS)]
    memory = []
    with serving_hostile() as (_, port):
        what = script(port, *(asks(way) for way in ways))
        intervals, ends = told_by_a_process(what, block, memory)
    counts = counts_of(intervals)
    assert sum(sum(mine.values()) for mine in counts.values()) == 6000
    assert {way: set(mine) for way, mine in counts.items()} == {way: {CLASSES[way]} for way in ways}
    second = min(rss for done, rss in memory if 2000 <= done < 4000)
    last = min(rss for done, rss in memory if done >= 4000)
    assert last - second < 8 * 2**20, memory
    assert ends[0].health["open_files"] < 200


def test_bodies_that_are_too_large_are_let_go():
    """Three hundred, of 8 MiB and more each: what is left is what a few in flight need."""
    block = [epoch(level=6, ops=300, mix=dict.fromkeys(LOOKS, 1.0), timeout_ns=PATIENCE_NS)]
    memory = []
    with serving_hostile() as (_, port):
        what = script(port, *(asks(way) for way in LOOKS))
        intervals, _ = told_by_a_process(what, block, memory)
    assert counts_of(intervals) == {way: {CLASSES[way]: 100} for way in LOOKS}
    assert max(rss for _, rss in memory) < 512 * 2**20
    early = max(rss for done, rss in memory if done < 150)
    assert max(rss for _, rss in memory) - early < 64 * 2**20, memory


@pytest.mark.parametrize(
    ("server", "kind"),
    [
        (hostile.closes, "tls"),
        (hostile.resets, "tls"),
        (hostile.plain_http, "tls"),
        (hostile.garbles, "tls"),
        (hostile.says_nothing, "timeout"),
    ],
)
def test_what_is_no_tls(server, kind):
    ops = 40 if kind == "timeout" else 500
    with in_a_thread(server) as port:
        what = Script(
            "https", "localhost", port, "127.0.0.1", (journey("a", step("s")),),
            route=RouteScript(tls=TlsScript(insecure=True)),
        )  # fmt: skip
        block = [
            epoch(
                number,
                model="open",
                level=500,
                ops=ops,
                timeout_ns=300_000_000 if kind == "timeout" else PATIENCE_NS,
            )
            for number in range(3)
        ]
        intervals, ends = told_by_a_process(what, block)
    assert sum(one.errors.get(kind, 0) for one in intervals) == 3 * ops
    assert sum(one.ok for one in intervals) == 0
    assert ends[2].health["max_rss_bytes"] - ends[0].health["max_rss_bytes"] < 16 * 2**20
    assert kind == "timeout" or any(kind in end.troubles for end in ends)  # told at an end


@needs_openssl
def test_a_certificate_of_nobody_known_a_thousand_times(tmp_path):
    async def never(reader, writer):
        await reader.read(1)

    signed = papers(tmp_path)
    with in_a_thread(never, ssl=signed.server_context()) as port:
        what = Script("https", "localhost", port, "127.0.0.1", (journey("a", step("s")),))
        intervals, ends = told_by_a_process(
            what,
            [
                epoch(number, model="open", level=250, ops=500, timeout_ns=PATIENCE_NS)
                for number in range(2)
            ],
        )
    assert sum(one.errors.get("tls", 0) for one in intervals) == 1000
    assert "certificate" in ends[0].troubles["tls"]
    assert ends[1].health["max_rss_bytes"] - ends[0].health["max_rss_bytes"] < 16 * 2**20
