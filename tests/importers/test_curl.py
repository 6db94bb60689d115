"""curl command lines to requests."""

from __future__ import annotations

import io

import pytest

from perfstress.errors import UsageError
from perfstress.importers import curl
from perfstress.importers.finishing import finished
from perfstress.importers.recorded import Recorded, RecordedStep


def read(text: str) -> Recorded:
    return finished(curl.read(io.BytesIO(text.encode()), "c.sh"))


def steps(text: str) -> list[RecordedStep]:
    return list(read(text).journeys[0].steps)


def test_a_command_as_browsers_copy_it() -> None:
    text = (
        "curl 'http://shop.test/cart?a=1' \\\n  -X 'POST' \\\n"
        "  -H 'accept: application/json' -H 'content-type: application/json' \\\n"
        "  -H 'sec-fetch-mode: cors' --data-raw $'{\"name\":\"it\\'s\"}' --compressed\n"
    )
    assert steps(text) == [
        RecordedStep("post", "/cart?a=1", {"accept": "application/json"}, {"name": "it's"})
    ]


def test_several_commands_are_steps() -> None:
    found = steps("curl http://h/a\ncurl -I http://h/b; curl -G -d q=1 http://h/c")
    assert [(step.method, step.path) for step in found] == [
        ("get", "/a"),
        ("head", "/b"),
        ("get", "/c?q=1"),
    ]


def test_secrets_are_named_and_not_kept() -> None:
    recorded = read("curl -u ann:hunter2 -b 'sid=abc' http://h/")
    headers = recorded.journeys[0].steps[0].headers
    assert headers == {"authorization": "${env:AUTHORIZATION}", "cookie": "${env:COOKIE}"}
    assert "hunter2" not in str(recorded)
    assert "abc" not in str(recorded)


def test_secrets_in_a_body_are_named() -> None:
    recorded = read("""curl http://h/ --json '{"user":"ann","passWord":"hunter2"}'""")
    assert recorded.journeys[0].steps[0].json == {"user": "ann", "passWord": "${env:PASSWORD}"}
    assert "hunter2" not in str(recorded)


def test_a_body_that_is_no_json_stays_as_it_is() -> None:
    found = steps("curl http://h/ -d a=1 -d b=2")[0]
    assert (found.method, found.json, found.body) == ("post", None, "a=1&b=2")


@pytest.mark.parametrize(
    "text",
    ["", "wget http://h/", "curl 'http://h/", "curl -d @body http://h/", "curl --ntlm http://h/",
     "curl -H 'a: b'"],
)  # fmt: skip
def test_what_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as raised:
        read(text)
    assert raised.value.slug == "bad-recording"
    assert raised.value.message.startswith("c.sh: ")
