"""Cookies: what is kept of Set-Cookie, and what goes back where."""

from __future__ import annotations

import datetime
from email.utils import format_datetime

import pytest

from perfstress.clock import wall
from perfstress.engine.cookies import MOST_COOKIES, Jar, value_of
from tests.support.engine_drive import drive, epoch, journey, run, script, step
from tests.support.knobs import Knobs, Request, serving, whole


def sent(*lines: str, to: str = "/", set_at: str = "/", secure: bool = False) -> str:
    jar = Jar("shop.test", secure=secure)
    jar.take(lines, set_at)
    return jar.header(to).decode().removeprefix("cookie: ").removesuffix("\r\n")


def date(seconds: float) -> str:
    at = wall() + datetime.timedelta(seconds=seconds)
    return format_datetime(at.replace(microsecond=0), usegmt=True)


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("a=1", "a=1"),
        (" a = 1 ; HttpOnly; SameSite=Lax", "a=1"),
        ("a=", "a="),
        ("a=x=y", "a=x=y"),
        ("a=1; Max-Age=60", "a=1"),
        ("a=1; Max-Age=0", ""),
        ("a=1; Max-Age=-5", ""),
        ("a=1; Max-Age=soon", "a=1"),
        ("a=1; Max-Age=" + "9" * 400, "a=1"),
        (f"a=1; Expires={date(86_400)}", "a=1"),
        (f"a=1; Expires={date(-86_400)}", ""),
        (f"a=1; Expires={date(-86_400)}; Max-Age=60", "a=1"),
        ("a=1; Expires=Wed, 21-Oct-2015 07:28:00 GMT", ""),
        ("a=1; Expires=never", "a=1"),
        ("a=1; Secure", ""),
        ("a=1; Domain=shop.test", "a=1"),
        ("a=1; Domain=.test", "a=1"),
        ("a=1; Domain=other.test", ""),
        ("a=1; Domain=hop.test", ""),
        ("no cookie", ""),
        ("=1", ""),
        ("", ""),
    ],
)
def test_what_is_kept(line: str, kept: str) -> None:
    assert sent(line) == kept


@pytest.mark.parametrize(
    ("line", "set_at", "to", "goes"),
    [
        ("a=1; Path=/x", "/", "/x", True),
        ("a=1; Path=/x", "/", "/x/y?z", True),
        ("a=1; Path=/x", "/", "/xy", False),
        ("a=1; Path=/x", "/", "/", False),
        ("a=1; Path=/x/", "/", "/x/y", True),
        ("a=1; Path=elsewhere", "/x/login?to=/", "/x/y", True),
        ("a=1", "/x/login", "/x/y", True),
        ("a=1", "/x/login", "/y", False),
        ("a=1", "/login", "/anything", True),
    ],
)
def test_where_it_is_sent(line: str, set_at: str, to: str, goes: bool) -> None:
    assert sent(line, set_at=set_at, to=to) == ("a=1" if goes else "")


def test_one_replaces_another_and_longer_paths_go_first() -> None:
    assert sent("a=1", "b=2", "a=3") == "a=3; b=2"
    assert sent("a=1", "b=2", "a=; Max-Age=0") == "b=2"
    assert sent("a=1", "a=2; Path=/x", to="/x") == "a=2; a=1"
    assert sent("a=1; Secure", secure=True) == "a=1"


def test_a_cookie_ends_when_its_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0]
    monkeypatch.setattr("perfstress.engine.cookies.now_ns", lambda: now[0])
    jar = Jar("shop.test", secure=False)
    jar.take(["a=1; Max-Age=10", "b=2"], "/")
    assert jar.header("/") == b"cookie: a=1; b=2\r\n"
    now[0] = 10 * 10**9
    assert jar.header("/") == b"cookie: b=2\r\n"
    assert len(jar) == 1


def test_a_jar_does_not_grow_without_end() -> None:
    jar = Jar("shop.test", secure=False)
    jar.take([f"c{n}={n}" for n in range(10 * MOST_COOKIES)], "/")
    assert len(jar) == MOST_COOKIES


def test_a_value_out_of_several_lines() -> None:
    assert value_of(['a="x y"; Path=/', "b=2", "b=3"], "a") == "x y"
    assert value_of(["a=1", "b=2", "b=3"], "b") == "3"
    assert value_of(["a=1"], "A") is None


class Shop(Knobs):
    """Sets two cookies, one of them with a comma in it."""

    async def _at_login(self, _request: Request, writer) -> None:
        until = b"set-cookie: until=1; Expires=Wed, 21 Oct 2099 07:28:00 GMT"
        writer.write(whole(200, b"{}", until, b"Set-Cookie: sid=s%d" % self.seen["/login"]))


@pytest.mark.live
def test_a_cookie_is_captured() -> None:
    steps = [
        step("login", path="/login", capture={"sid": ("cookie", "sid"), "u": ("cookie", "until")}),
        step("use", path="/echo?{{ sid }}{{ u }}"),
    ]

    async def work():
        async with serving(Shop()) as knobs:
            what = script(knobs.port, journey("a", *steps))
            return await drive(what, [epoch(ops=3)]), knobs

    heard, knobs = run(work())
    assert heard.of("a").ok == 3
    targets = [request.target for request in knobs.requests if request.path == "/echo"]
    assert targets == ["/echo?s11", "/echo?s21", "/echo?s31"]
