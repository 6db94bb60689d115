"""What ``hit`` asks for: options to a request, and what it does with it."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from perfstress.cli import app
from perfstress.commands.requestoptions import RequestOptions
from perfstress.engine.script import FileScript
from perfstress.errors import UsageError
from tests.support.serving import serving_aside

URL = "http://127.0.0.1:1/x?y=1"
FILE = __file__


def test_a_plain_request() -> None:
    step = RequestOptions(headers=["X-A: b: c"]).step(URL)
    assert (step.method, step.path, step.headers) == ("get", "/x?y=1", {"x-a": "b: c"})
    assert RequestOptions().step("http://127.0.0.1").path == "/"


@pytest.mark.parametrize(
    ("given", "method"),
    [
        ({"body": "x"}, "get"),
        ({"body": "x", "method": "PUT"}, "put"),
        ({"form": ["a=b"]}, "post"),
        ({"parts": ["a=b"]}, "post"),
        ({"body_file": FILE}, "post"),
        ({"body_file": FILE, "method": "patch"}, "patch"),
    ],
)
def test_the_method(given: dict[str, Any], method: str) -> None:
    assert RequestOptions(**given).step(URL).method == method


def test_bodies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERFSTRESS_TEST_FIELD", "from the environment")
    step = RequestOptions(form=["a=1=2", "b=${env:PERFSTRESS_TEST_FIELD}"]).step(URL)
    assert step.form == {"a": "1=2", "b": "from the environment"}
    step = RequestOptions(parts=["a=1", f"f=@{FILE}"]).step(URL)
    assert step.multipart == {"a": "1", "f": FileScript(FILE)}
    assert RequestOptions(body_file=FILE).step(URL).body == FileScript(FILE)


def test_who_asks() -> None:
    said = RequestOptions(basic_auth="ann:a:b").step(URL).headers["authorization"]
    assert base64.b64decode(said.removeprefix("Basic ")) == b"ann:a:b"
    assert RequestOptions(bearer="t").step(URL).headers == {"authorization": "Bearer t"}
    own = RequestOptions(bearer="t", headers=["Authorization: x"], compressed=True).step(URL)
    assert own.headers == {"authorization": "x", "accept-encoding": "gzip, deflate"}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"method": "brew"}, "'brew' is not known"),
        ({"headers": ["none"]}, "'none' is not 'name: value'"),
        ({"body": "a", "form": ["a=b"]}, "--body and --form exclude each other"),
        ({"basic_auth": "a:b", "bearer": "t"}, "--basic and --bearer exclude each other"),
        ({"basic_auth": "ann"}, "write USER:PASSWORD"),
        ({"form": ["a"]}, "--form: 'a' is not name=value"),
        ({"parts": ["=a"]}, "--part: '=a' is not name=value"),
    ],
)
def test_what_does_not_go_together(given: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        RequestOptions(**given).step(URL)


@pytest.mark.live
def test_from_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("hello")
    with serving_aside() as knobs:
        url = f"http://127.0.0.1:{knobs.port}/echo"
        words = ["hit", url, "-n", "3", "-c", "1", "--json", "--compressed", "--cookies"]
        words += ["--part", "a=1", "--part", f"f=@{tmp_path / 'note.txt'}", "--bearer", "t0ken"]
        done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["load"]["ok"] == 3
    asked = knobs.requests[0]
    assert asked.method == "POST"
    assert asked.headers["authorization"] == "Bearer t0ken"
    assert asked.headers["accept-encoding"] == "gzip, deflate"
    assert b'filename="note.txt"\r\ncontent-type: text/plain\r\n\r\nhello\r\n' in asked.body


@pytest.mark.parametrize("given", [{"body_file": "nope"}, {"parts": ["f=@nope"]}])
def test_a_file_that_is_not_there_is_looked_for_in_the_current_folder(given: Any) -> None:
    with pytest.raises(UsageError, match="the file nope cannot be read") as refused:
        RequestOptions(**given).step(URL)
    assert refused.value.slug == "no-file"
    assert str(Path.cwd()) in refused.value.hint
