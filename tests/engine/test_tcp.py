"""TCP clients against a server that speaks, is silent, closes, resets, floods or does not read."""

import asyncio

import pytest

from perfstress.engine.line import KEPT_BYTES
from perfstress.engine.script import DataScript
from perfstress.engine.talkscript import TalkJourneyScript, TalkScript, TalkStepScript
from perfstress.errors import UsageError
from tests.support.engine_drive import drive, epoch, run
from tests.support.talkative import Talkative, talkative

pytestmark = pytest.mark.live


def act(name, label="", *, timeout_ms=None, after_ms=None, **what):
    timeout_ns = None if timeout_ms is None else round(timeout_ms * 1e6)
    think_ns = None if after_ms is None else round(after_ms * 1e6)
    return TalkStepScript(label or name, name, what, timeout_ns=timeout_ns, think_ns=think_ns)


def clients(port, *steps, name="a", data=()):
    journeys = (TalkJourneyScript(name, tuple(steps)),)
    return TalkScript("tcp", "127.0.0.1", {"port": port}, journeys, tuple(data))


def driven(*steps, server=None, epochs=None, data=(), **given):
    """What the clients told, and the server they spoke to."""

    async def work():
        async with talkative(server or Talkative()) as there:
            heard = await drive(
                clients(there.port, *steps, data=data), epochs or [epoch()], **given
            )
            while there.open:  # what we closed, it has to see
                await asyncio.sleep(0.01)
            return heard, there

    return run(work())


CONNECT = act("connect")


def test_steps_in_order_with_rows(tmp_path):
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"word": "north"}\n{"word": "south"}\n')
    heard, server = driven(
        CONNECT,
        act("send", "ask", text="ECHO {{ rows.word }}\n"),
        act("expect", "hear", until="\n", contains="{{ rows.word }}"),
        act("send", "raw", hex="45 43 48 4f 20 ff 0a"),
        act("expect", "two", bytes=2),
        act("close"),
        data=[DataScript("rows", str(rows), "sequential", 1)],
    )
    assert heard.of("a").ok == 10
    assert heard.of("a").errors == {}
    assert server.accepted == 10
    assert server.lines[:4] == [b"ECHO north\n", b"ECHO \xff\n", b"ECHO south\n", b"ECHO \xff\n"]
    assert set(server.ends) == {"eof"}
    for label in ("connect", "ask", "hear", "raw", "two", "close"):
        assert heard.of("a", label).ok == 10
    assert heard.latencies(which="response", step="hear").total == 10


def test_what_was_not_expected_is_an_error_and_ends_the_journey():
    heard, _ = driven(
        CONNECT,
        act("send", text="ECHO no\n"),
        act("expect", until="\n", contains="yes"),
        act("close"),
    )
    assert heard.of("a", "expect").errors == {"check": 10}
    assert heard.of("a", "close").fired == 0
    assert heard.of("a").ok == 0
    assert heard.done().troubles["check"] == "a, expect: no 'yes' in 'no\\n'"


@pytest.mark.parametrize(
    ("word", "kind", "says"),
    [
        ("BYE", "reset", "the other side closed it before '\\n'"),
        ("RST", "reset", "the other side reset it"),
        ("SLOW", "timeout", "not done after 0.1 s"),
        ("FLOOD", "size", f"more than {KEPT_BYTES} bytes without"),
    ],
)
def test_answers_that_do_not_come(word, kind, says):
    heard, server = driven(
        CONNECT,
        act("send", text=f"{word}\n"),
        act("expect", until="\n", timeout_ms=100 if word == "SLOW" else None),
        epochs=[epoch(ops=4, level=2)],
        server=Talkative(),
    )
    assert heard.of("a").errors == {kind: 4}
    assert says in heard.done().troubles[kind]
    assert server.accepted == 4


def test_nobody_listens():
    async def work():
        return await drive(clients(1, CONNECT), [epoch(ops=3)])

    heard = run(work())
    assert heard.of("a").errors == {"connect": 3}
    assert "cannot connect to 127.0.0.1:1" in heard.done().troubles["connect"]


def test_half_a_close_a_reset_and_a_close():
    half, server = driven(
        CONNECT,
        act("send", text="ECHO hello"),
        act("half_close"),
        act("expect", contains="10 bytes"),
        act("expect", "end", closed=True),
        epochs=[epoch(ops=5)],
    )
    assert half.of("a").ok == 5, half.done().troubles
    assert server.ends == ["eof"] * 5
    reset, server = driven(
        CONNECT, act("send", text="SL"), act("reset"), epochs=[epoch(ops=5, level=2)]
    )
    assert reset.of("a").ok == 5
    assert server.ends == ["reset"] * 5


def test_silent_connections_are_held_open_together():
    heard, server = driven(
        CONNECT,
        act("hold", for_ns=800_000_000),
        act("close"),
        epochs=[epoch(level=40, ops=40, timeout_ns=700_000_000)],
    )
    assert heard.of("a").ok == 40, heard.done().troubles
    assert server.most_open == 40
    assert heard.latencies(which="service", step="hold").min_ns >= 0.799e9


def test_a_server_that_ends_the_silence_is_told():
    heard, server = driven(
        CONNECT,
        act("hold", for_ns=5_000_000_000),
        server=Talkative(idle_s=0.1),
        epochs=[epoch(level=3, ops=6)],
    )
    assert heard.of("a").errors == {"reset": 6}
    assert "of 5 s of silence" in heard.done().troubles["reset"]
    assert server.ends == ["idle"] * 6
    expected, _ = driven(
        CONNECT,
        act("expect", closed=True),
        server=Talkative(idle_s=0.1),
        epochs=[epoch(level=3, ops=3)],
    )
    assert expected.of("a").ok == 3


def test_a_server_that_does_not_read_makes_sending_wait():
    async def work():
        async with talkative(Talkative(deaf=True)) as server:
            steps = (CONNECT, act("send", text="x" * KEPT_BYTES, timeout_ms=200))
            return await drive(clients(server.port, *steps), [epoch(ops=2, level=2)])

    heard = run(work())
    assert heard.of("a").errors == {"timeout": 2}


def test_the_open_model_and_pauses():
    heard, server = driven(
        CONNECT,
        act("send", text="ECHO 1\n", after_ms=30),
        act("expect", until="\n"),
        epochs=[epoch(model="open", level=200, ops=60)],
    )
    assert heard.done().intended == 60
    assert heard.done().dropped == 0
    assert heard.of("a").ok == 60
    assert server.accepted == 60
    send = heard.latencies(which="response", step="send")
    assert send.max_ns < 25_000_000  # the pause is not part of the step


def test_max_in_flight_drops():
    heard, server = driven(
        CONNECT,
        act("hold", for_ns=400_000_000),
        epochs=[epoch(model="open", level=200, ops=40, max_in_flight=10)],
    )
    assert heard.done().dropped == 30
    assert heard.of("a").ok == server.most_open == 10


def test_cancelled_while_held():
    heard, server = driven(
        CONNECT,
        act("hold", for_ns=60_000_000_000),
        epochs=[epoch(level=20, ops=20)],
        cancel_when=lambda crew: len(crew.pool.medium.lines.open) == 20,
    )
    assert heard.of("a").ok == 0
    assert heard.of("a").errors == {}
    assert server.accepted == 20


def test_what_cannot_be_sent_is_told_before_the_load():
    for wrong in ({"text": "{{ nobody }}"}, {"file": "/nowhere/at/all"}):
        with pytest.raises(UsageError, match=r"journeys.a.steps\[0\]"):
            run(drive(clients(1, act("send", **wrong)), [epoch()]))
