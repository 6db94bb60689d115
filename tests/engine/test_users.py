"""Users: cookies, steps that come once, and rows of their own."""

from __future__ import annotations

import asyncio
import json
from collections import Counter

import pytest

from perfstress.engine.script import DataScript, JourneyScript
from tests.support.engine_drive import drive, epoch, journey, run, script, step, think
from tests.support.knobs import Knobs, Request, serving, whole

pytestmark = pytest.mark.live


class Shop(Knobs):
    """Gives each login a session and a token of its own, and forgets nobody."""

    def __init__(self) -> None:
        super().__init__()
        self.logins = 0
        self.carts: list[tuple[str, str]] = []

    async def _at_login(self, request: Request, writer: asyncio.StreamWriter) -> None:
        self.logins += 1
        if request.query.get("fail") == "first" and self.logins == 1:
            writer.write(whole(503, b"later"))
            return
        body = json.dumps({"token": f"t{self.logins}"}).encode()
        writer.write(whole(200, body, b"set-cookie: sid=s%d; Path=/" % self.logins))

    async def _at_cart(self, request: Request, writer: asyncio.StreamWriter) -> None:
        cookie = request.headers.get("cookie", "")
        self.carts.append((cookie, request.headers.get("x-token", "")))
        status = 200 if "sid=" in cookie else 401
        writer.write(whole(status, b"{}", b"set-cookie: seen=%d; Path=/cart" % len(self.carts)))

    async def _at_logout(self, _request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(whole(200, b"{}", b"set-cookie: sid=; Max-Age=0; Path=/"))


LOGIN = step("login", path="/login", capture={"token": ("json", "token")})
CART = step("cart", path="/cart", headers={"x-token": "{{ token }}"})


def asked(*journeys: JourneyScript, block=None, parts: int = 1, part: int = 0, **given):
    async def work():
        async with serving(Shop()) as shop:
            what = script(shop.port, *journeys, **given)
            blocks = block or [[epoch(ops=12, level=3)]]
            return await drive(what, *blocks, part=part, parts=parts), shop

    return run(work())


def test_cookies_go_back_and_are_forgotten_when_told_so() -> None:
    steps = (LOGIN, CART, CART, step("out", path="/logout"), step("again", path="/cart"))
    labelled = [step(f"s{n}", path=one.path, capture=one.capture) for n, one in enumerate(steps)]
    heard, shop = asked(JourneyScript("a", tuple(labelled), cookies=True), block=[[epoch(ops=1)]])
    assert [cookie for cookie, _ in shop.carts] == ["sid=s1", "seen=1; sid=s1", "seen=2"]
    assert heard.of("a").errors == {"status": 1}


def test_without_a_jar_nothing_is_sent_back() -> None:
    _, shop = asked(journey("a", LOGIN, CART), block=[[epoch(ops=1)]])
    assert [cookie for cookie, _ in shop.carts] == [""]


def test_each_user_has_cookies_of_its_own() -> None:
    heard, shop = asked(JourneyScript("a", (LOGIN, CART), cookies=True))
    assert heard.of("a").ok == 12
    assert all(f"sid=s{token[1:]}" in cookie for cookie, token in shop.carts)


def test_on_start_comes_once_for_each_user_of_the_closed_model() -> None:
    what = JourneyScript("a", (CART, think(1)), on_start=(LOGIN,), cookies=True)
    heard, shop = asked(what, block=[[epoch(0, ops=12, level=3)], [epoch(1, ops=12, level=3)]])
    assert shop.logins == 3
    assert Counter(token for _, token in shop.carts).keys() == {"t1", "t2", "t3"}
    assert (heard.of("a").fired, heard.of("a").ok) == (24, 24)
    assert heard.of("a", "login").ok == 3
    assert heard.of("a", "cart").ok == 24


def test_a_user_of_the_open_model_is_taken_again_when_it_is_free() -> None:
    what = JourneyScript("a", (CART,), on_start=(LOGIN,), cookies=True)
    block = [[epoch(model="open", level=50.0, ops=20)]]
    heard, shop = asked(what, block=block)
    assert heard.of("a").ok == 20
    assert shop.logins < 20
    assert len(shop.carts) == 20


def test_a_user_whose_start_failed_starts_again() -> None:
    login = step("login", path="/login?fail=first", capture={"token": ("json", "token")})
    what = JourneyScript("a", (CART,), on_start=(login,), cookies=True)
    heard, shop = asked(what, block=[[epoch(ops=5)]])
    whole_journey = heard.of("a")
    assert (whole_journey.fired, whole_journey.ok, whole_journey.errors) == (5, 4, {"status": 1})
    assert shop.logins == 2
    assert len(shop.carts) == 4


def test_two_journeys_share_a_users_cookies_but_not_what_they_captured() -> None:
    bare = step("cart", path="/cart")
    one = JourneyScript("a", (CART,), on_start=(LOGIN,), cookies=True)
    two = JourneyScript("b", (bare,), on_start=(step("in", path="/login"),), cookies=True)
    heard, shop = asked(one, two, block=[[epoch(ops=40, mix={"a": 1.0, "b": 1.0})]])
    assert shop.logins == 2
    assert (heard.of("a").ok, heard.of("b").ok) == (20, 20)
    assert {token for _, token in shop.carts} == {"", "t1"} or {
        token for _, token in shop.carts
    } == {"", "t2"}


@pytest.fixture
def names(tmp_path):
    path = tmp_path / "names.csv"
    path.write_text("name\n" + "".join(f"n{number}\n" for number in range(6)))
    return DataScript("names", str(path), "per-user", 0)


def test_each_user_keeps_its_row_and_no_two_processes_share_one(names: DataScript) -> None:
    seen = []
    for part in range(2):
        what = journey("a", step("s", path="/echo?{{ names.name }}"), think(1))
        block = [[epoch(0, ops=40, level=6)], [epoch(1, ops=40, level=6)]]
        heard, shop = asked(what, block=block, data=(names,), part=part, parts=2)
        assert not heard.lost
        seen.append({request.target for request in shop.requests})
    assert seen[0] == {"/echo?n0", "/echo?n2", "/echo?n4"}
    assert seen[1] == {"/echo?n1", "/echo?n3", "/echo?n5"}


def test_more_users_than_rows_is_no_load(names: DataScript) -> None:
    what = journey("a", step("s", path="/echo?{{ names.name }}"), think(1))
    heard, _ = asked(what, block=[[epoch(ops=30, level=7)]], data=(names,))
    assert heard.lost == ["there are more users than the 6 rows that are dealt per user"]


@pytest.mark.parametrize("ending", ["jsonl", "json", "csv"])
def test_rows_of_every_kind_are_split_over_processes_without_overlap(tmp_path, ending) -> None:
    path = tmp_path / f"rows.{ending}"
    numbers = [str(number) for number in range(10)]
    path.write_text(
        {
            "jsonl": "\n".join(json.dumps({"n": n}) for n in numbers),
            "json": json.dumps([{"n": n} for n in numbers]),
            "csv": "n\n" + "\n".join(numbers),
        }[ending]
    )
    data = (DataScript("rows", str(path), "sequential", 0),)
    seen: list[str] = []
    for part in range(2):
        what = journey("a", step("s", path="/echo?{{ rows.n }}"))
        _, shop = asked(what, block=[[epoch(ops=10, level=2)]], data=data, part=part, parts=2)
        seen += [request.target.partition("?")[2] for request in shop.requests]
    assert sorted(seen) == numbers
