"""Journeys: templates, captures, checks, rows, pauses, and what each step is charged with."""

import json

import pytest

from perfstress.engine.script import DataScript
from perfstress.errors import UsageError
from tests.support.engine_drive import drive, epoch, journey, run, script, step, think
from tests.support.knobs import serving

pytestmark = pytest.mark.live


@pytest.fixture
def carts(tmp_path):
    """A data file of five rows."""
    rows = [
        {"user": f"ünï {n}/&", "cart": {"items": [n, n + 1]}, "status": 200 if n % 2 else 404}
        for n in range(5)
    ]
    path = tmp_path / "carts.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return DataScript("carts", str(path), "sequential", 0), rows


def asked(what_steps, *, ops=1, data=(), level=1, **given):
    async def work():
        async with serving() as knobs:
            what = script(knobs.port, journey("a", *what_steps), data=data, **given)
            return await drive(what, [epoch(ops=ops, level=level)]), knobs

    return run(work())


def test_a_request_is_what_was_written(carts):
    data, rows = carts
    steps = [
        step("plain", path="/echo?q=a b&x={{ carts.user }}", headers={"X-Who": "me"}),
        step("doc", "post", "/echo", json={"u": "{{ carts.user }}", "c": "{{carts.cart}}", "n": 1}),
        step("part", "put", "/echo", json=["id {{ carts.user }}!", "{{ carts.cart.items[1] }}"]),
        step("whole", "patch", "/echo", json="{{ carts.cart }}"),
        step("form", "post", "/echo", form={"a b": "{{ carts.user }}", "c": "x&y"}),
        step("text", "post", "/echo", body="hello {{ carts.user }}"),
        step("none", "delete", "/echo"),
        step("empty", "post", "/echo"),
    ]
    heard, knobs = asked(steps, data=(data,), headers={"X-All": "1"})
    assert heard.of("a").ok == 1
    plain, doc, part, whole, form, text, none, empty = knobs.requests
    assert plain.target == "/echo?q=a%20b&x=%C3%BCn%C3%AF%200%2F%26"
    assert plain.headers["x-who"] == "me"
    assert plain.headers["x-all"] == "1"
    assert plain.headers["host"] == f"127.0.0.1:{knobs.port}"
    assert json.loads(doc.body) == {"u": rows[0]["user"], "c": rows[0]["cart"], "n": 1}
    assert doc.headers["content-type"] == "application/json"
    assert json.loads(part.body) == [f"id {rows[0]['user']}!", 1]
    assert json.loads(whole.body) == rows[0]["cart"]
    assert form.body == b"a+b=%C3%BCn%C3%AF+0%2F%26&c=x%26y"
    assert form.headers["content-type"] == "application/x-www-form-urlencoded"
    assert text.body.decode() == f"hello {rows[0]['user']}"
    assert "content-length" not in none.headers
    assert empty.headers["content-length"] == "0"
    assert [one.method for one in knobs.requests][3:5] == ["PATCH", "POST"]


def test_rows_come_in_order_and_start_over(carts):
    data, rows = carts
    heard, knobs = asked(
        [step("s", "post", "/echo", json="{{ carts.user }}")], ops=12, data=(data,)
    )
    assert heard.of("a").ok == 12
    found = [json.loads(request.body) for request in knobs.requests]
    assert found == [rows[n % 5]["user"] for n in range(12)]


def test_every_step_of_a_journey_has_the_same_row(carts):
    data, _ = carts
    steps = [step("one", "post", "/echo", json="{{ carts.user }}")]
    steps.append(step("two", "post", "/echo", json="{{ carts.user }}"))
    _, knobs = asked(steps, ops=10, data=(data,), level=3)
    by_user = [json.loads(request.body) for request in knobs.requests]
    assert sorted(by_user) == sorted(by_user[::1])
    assert all(by_user.count(user) == 4 for user in set(by_user))


def test_a_status_may_come_from_the_row(carts):
    data, _ = carts
    expect = {"status": "{{ carts.status }}"}
    heard, _ = asked([step("s", path="/ok?{{ carts.user }}", expect=expect)], ops=10, data=(data,))
    assert (heard.of("a").ok, heard.of("a").errors) == (4, {"status": 6})
    assert "answered 200" in heard.done().troubles["status"]


def test_captured_values_are_used_by_later_steps():
    steps = [
        step(
            "take",
            "post",
            "/echo",
            json={"t": 'a"b', "deep": [1, {"x": 5}]},
            capture={
                "number": ("json", "number"),
                "header": ("header", "X-Number"),
                "found": ("regex", r'"number": (\d+)'),
                "all": ("json", "@"),
            },
        ),
        step(
            "use",
            "post",
            "/echo?n={{ number }}",
            headers={"authorization": "Bearer {{ header }}"},
            json={"found": "{{ found }}", "number": "{{ number }}", "m": "{{ all.method }}"},
        ),
    ]
    heard, knobs = asked(steps, ops=3)
    assert heard.of("a").ok == 3
    for number, request in zip((1, 3, 5), knobs.requests[1::2], strict=True):
        assert request.target == f"/echo?n={number}"
        assert request.headers["authorization"] == f"Bearer {number}"
        assert json.loads(request.body) == {"found": str(number), "number": number, "m": "POST"}


def test_a_journey_ends_with_its_first_error():
    steps = [
        step("first"),
        step("bad", path="/status/503"),
        step("never"),
    ]
    heard, knobs = asked(steps, ops=4)
    assert (heard.of("a", "first").ok, heard.of("a", "bad").errors) == (4, {"status": 4})
    assert heard.of("a", "never").fired == 0
    assert knobs.seen["/status/503"] == 4
    assert (heard.of("a").fired, heard.of("a").ok, heard.of("a").errors) == (4, 0, {"status": 4})


@pytest.mark.parametrize(
    ("expect", "why"),
    [
        ({"json": {"ok": False}}, "ok is True, expected False"),
        ({"json": {"ok": 1}}, "ok is True, expected 1"),
        ({"json": {"gone": 1}}, "gone is None, expected 1"),
        ({"contains": "nope"}, "does not contain 'nope'"),
        ({"matches": "^no"}, "does not match"),
        ({"header": {"Content-Length": "12"}}, "header content-length is '11', expected '12'"),
        ({"size_bytes": 10}, "has 11 bytes, expected 10"),
        ({"within_ns": 1}, "expected within"),
    ],
)
def test_checks_that_fail(expect, why):
    heard, _ = asked([step("s", expect=expect)], ops=3)
    assert heard.of("a").errors == {"check": 3}
    assert why in heard.done().troubles["check"]
    assert heard.latencies().total == 3


@pytest.mark.parametrize(
    "expect",
    [
        {"status": 200},
        {"status": [201, 200]},
        {"status": "200"},
        {"json": {"ok": True}},
        {"contains": "ok"},
        {"matches": "o[kx]"},
        {"header": {"content-length": "11"}},
        {"size_bytes": 11},
        {"within_ns": 10**10},
    ],
)
def test_checks_that_hold(expect):
    heard, _ = asked([step("s", expect=expect)], ops=3)
    assert heard.of("a").ok == 3


def test_nothing_to_capture_is_an_error():
    steps = [step("s", capture={"t": ("json", "token")}), step("u", path="/echo?{{ t }}")]
    heard, knobs = asked(steps, ops=2)
    assert heard.of("a").errors == {"check": 2}
    assert "nothing to capture as 't'" in heard.done().troubles["check"]
    assert knobs.seen["/echo"] == 0


def test_a_captured_line_break_never_becomes_a_header():
    steps = [
        step("take", "post", "/echo", json="a\r\nx-evil: 1", capture={"t": ("json", "body")}),
        step("use", path="/ok", headers={"x-t": "{{ t }}"}),
        step("path", path="/ok?{{ t }}"),
    ]
    # the body that comes back is the JSON text, in which the line break is written as \\r\\n
    heard, _ = asked(steps, ops=1)
    assert heard.of("a").ok == 1
    steps[0] = step("take", "post", "/echo", body="a\r\nx-evil: 1", capture={"t": ("json", "body")})
    heard, knobs = asked(steps, ops=1)
    assert heard.of("a").errors == {"check": 1}
    assert "line break" in heard.done().troubles["check"]
    assert all("x-evil" not in request.headers for request in knobs.requests)
    heard, knobs = asked([steps[0], steps[2]], ops=1)
    assert heard.of("a").ok == 1
    assert knobs.requests[1].target == "/ok?a%0D%0Ax-evil%3A%201"


def test_pauses_are_not_charged_to_the_target():
    heard, _ = asked([step("s"), think(400), step("t")], ops=3)
    assert heard.of("a").ok == 3
    assert heard.latencies().max_ns < 300_000_000
    stamps = [event.at_ns for event in heard.events if hasattr(event, "at_ns")]
    assert heard.done().ended_ns - stamps[0] >= 800_000_000  # two whole journeys before the last


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"path": "no-slash"}, "is not a path"),
        ({"path": "/{{ carts.nothing }}"}, "no 'nothing' in it (row 1 of carts)"),
        ({"path": "/{{ other.x }}"}, "no data file or captured value 'other'"),
        ({"path": "/{{ later }}"}, "no data file or captured value 'later'"),
        ({"path": "/{{ carts user }}"}, "is not a template"),
        ({"headers": {"bad name": "x"}}, "'bad name' cannot be set"),
        ({"headers": {"content-length": "5"}}, "cannot be set"),
        ({"headers": {"x": "a\nb"}}, "line break"),
        ({"expect": {"status": "{{ carts.user }}"}}, "not a status code in every row"),
        ({"expect": {"status": "two hundred"}}, "is not a status"),
        ({"expect": {"json": {"a[": 1}}}, "not a JMESPath expression"),
        ({"expect": {"matches": "("}}, "is not a regular expression"),
        ({"capture": {"x": ("json", "a..b")}}, "not a JMESPath expression"),
    ],
)
def test_what_cannot_be_sent_is_refused_before_the_run(carts, given, why):
    data, _ = carts
    with pytest.raises(UsageError) as caught:
        asked([step("s", **given)], data=(data,))
    assert why in caught.value.message
    assert "journeys.a.steps[0]" in caught.value.message


def test_a_journey_of_pauses_is_refused():
    with pytest.raises(UsageError, match="nothing but pauses"):
        asked([think(1)])


def test_a_missing_data_file_is_refused(tmp_path):
    data = DataScript("carts", str(tmp_path / "none.jsonl"), "sequential", 0)
    with pytest.raises(UsageError, match=r"data.carts: .*none.jsonl"):
        asked([step("s")], data=(data,))
