"""Answers that are checked and come with a head known before: each body is looked at anew."""

import pytest

from perfstress.engine.compiled import compile_script
from perfstress.engine.known import Known
from tests.support.engine_drive import drive, epoch, journey, run, script, step
from tests.support.knobs import Knobs, Request
from tests.support.serving import serving

pytestmark = pytest.mark.live

HEAD = b"HTTP/1.1 %d Thing\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"


def answered(status: int, body: bytes) -> bytes:
    return HEAD % (status, len(body)) + body


def drive_bodies(bodies: list[tuple[int, bytes]], **of_step):
    """Thirty requests on one connection, answered by these in turn."""

    async def work():
        knobs = Knobs()

        async def in_turn(_request: Request, writer):
            status, body = bodies[knobs.seen["/turn"] % len(bodies)]
            writer.write(answered(status, body))

        knobs.replies["turn"] = in_turn
        async with serving(knobs):
            after = step("after", path="/ok/{{ n }}") if "capture" in of_step else None
            steps = [step("s", path="/turn", **of_step), *([after] if after else [])]
            heard = await drive(script(knobs.port, journey("a", *steps)), [epoch(ops=30)])
            return heard, knobs

    return run(work())


def test_a_wrong_body_below_a_known_head_fails_its_check():
    bodies = [(200, b'{"n": 1}'), (200, b'{"n": 2}')]
    heard, _ = drive_bodies(bodies, expect={"json": {"n": 1}})
    assert heard.of("a", "s").ok == 15
    assert heard.of("a", "s").errors == {"check": 15}


def test_each_body_is_captured():
    bodies = [(200, b'{"n": %d}' % n) for n in range(5)]
    heard, knobs = drive_bodies(bodies, capture={"n": ("json", "n")})
    assert heard.of("a", "after").ok == 30
    assert {n: knobs.seen[f"/ok/{n}"] for n in range(5)} == dict.fromkeys(range(5), 6)


def test_a_known_head_keeps_its_status():
    bodies = [(200, b"{}"), (500, b"[]")]
    heard, _ = drive_bodies(bodies, expect={"status": 200})
    assert heard.of("a", "s").ok == 15
    assert heard.of("a", "s").errors == {"status": 15}


@pytest.mark.parametrize(
    ("of_step", "right"),
    [
        ({"expect": {"json": {"n": 1}}}, [True, False, False]),
        ({"capture": {"n": ("json", "n")}}, [True, True, False]),
        ({"expect": {"contains": "1"}}, [True, False, False]),
        ({"expect": {"header": {"content-type": "application/json"}}}, [True, True, True]),
    ],
)
def test_bodies_of_one_length_below_one_head_are_told_apart(of_step, right):
    bodies = [(200, b'{"n": 1}'), (200, b'{"n": 2}'), (200, b'{"n": 3 ')]
    heard, _ = drive_bodies(bodies, **of_step)
    assert heard.of("a", "s").ok == 10 * sum(right)
    assert heard.of("a", "s").errors.get("check", 0) == 30 - 10 * sum(right)


def test_a_head_that_its_answers_need_more_than_their_body_is_never_the_last_one():
    known = Known()
    for of_step in ({"expect": {"within_ns": 10**9}}, {"expect": {"status": 500}}):
        known.learn(answered(200, b"full"), 4, 0, (checks(**of_step), 200, {}))
        assert known.length == -1


def checks(**of_step):
    return compile_script(script(80, journey("a", step("s", **of_step))), [])[0].steps[0].checks


def test_a_body_that_is_cut_is_no_answer():
    known = Known()
    known.learn(answered(200, b"full"), 4, 0, (checks(expect={"contains": "u"}), 200, {}))
    assert known.is_right(answered(200, b"full"), (), [])
    assert not known.is_right(answered(200, b"part"), (), [])
    whole = known.answer(answered(200, b"part"))
    assert whole is not None
    assert (whole.status, whole.body, whole.size) == (200, b"part", 4)
    assert known.answer(HEAD % (200, 4) + b"fu") is None
    assert known.answer(HEAD % (200, 4) + b"full and more") is None
    assert known.answer(answered(201, b"full")) is None
    assert known.answer(b"HTTP/1.1 200 Thing\r\n") is None
