"""Access logs to rates and a mix."""

from __future__ import annotations

import io

import pytest

from perfstress.errors import UsageError
from perfstress.importers import access_log
from perfstress.importers.finishing import finished
from perfstress.importers.recorded import Recorded


def line(second: int, request: str = "GET /a", status: int = 200) -> str:
    when = f"28/Nov/2025:11:00:{second:02d} +0100"
    return f'10.0.0.1 - ann [{when}] "{request} HTTP/1.1" {status} 42 "-" "agent"\n'


def read(text: str) -> Recorded:
    return finished(access_log.read(io.BytesIO(text.encode()), "a.log"))


def test_rates_and_mix() -> None:
    log = (
        line(0) * 3 + line(1, "POST /cart") + line(9, "GET /orders/17") + line(9, "GET /orders/18")
    )
    recorded = read(log)
    assert recorded.peak_hz == 3.0
    assert recorded.steady_hz == 0.6
    assert recorded.source == "access log a.log, 2025-11-28 10:00:00 to 2025-11-28 10:00:09 UTC"
    assert [(j.name, j.weight, j.steps[0].path) for j in recorded.journeys] == [
        ("get-a", 3, "/a"),
        ("get-orders-one", 2, "/orders/{{ ids.get-orders-one }}"),
        ("post-cart", 1, "/cart"),
    ]
    assert recorded.rows == ({"get-orders-one": "17"}, {"get-orders-one": "18"})
    assert recorded.journeys[2].steps[0].json.startswith("TODO")


def test_nothing_is_left_out_in_silence() -> None:
    log = "".join(line(0, f"GET /{chr(97 + n)}") * (20 - n) for n in range(12)) + "rubbish\n"
    recorded = read(log)
    assert len(recorded.journeys) == 11  # with which nine of ten requests are told
    assert any("one rarer kind is left out, 5.2% of all" in note for note in recorded.notes)
    assert any("1 of 175 lines could not be read" in note for note in recorded.notes)


@pytest.mark.parametrize("text", ["", "rubbish\n", '- - - [yesterday] "GET / HTTP/1.1" 200 1\n'])
def test_what_is_no_log_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as raised:
        read(text)
    assert raised.value.slug == "bad-recording"


def test_identifiers_of_several_places_are_fields_and_short_columns_begin_again() -> None:
    log = "".join(line(0, f"GET /u/{n}/o/{n % 3}0?page={n}") for n in range(1, 6))
    log += line(0, "GET /a/1") + line(0, "GET /a/%C3%A42%2F3")
    recorded = read(log + line(0, "GET /a/2"))
    paths = [journey.steps[0].path for journey in recorded.journeys]
    assert paths[0] == "/u/{{ ids.get-u-one-o-one }}/o/{{ ids.get-u-one-o-one-2 }}?page=1"
    assert [row["get-u-one-o-one"] for row in recorded.rows] == list("12345")
    assert [row["get-a-one"] for row in recorded.rows] == list("12121")


def test_a_secret_is_no_identifier() -> None:
    log = line(0, "GET /in/123456789012?token=123456789012") + line(0, "GET /in/123456789013")
    assert [set(row.values()) for row in read(log).rows] == [{"123456789013"}]
    jwt = "GET /in/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0.q7{}"
    recorded = read(line(0, jwt.format(1)) + line(0, jwt.format(2)))
    assert recorded.rows == ()
    assert recorded.journeys[0].steps[0].path == "/in/TODO"
    assert "eyJ" not in repr(recorded)
