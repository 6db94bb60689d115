"""Names, secrets and redaction in the texts of a worked example."""

import re

import pytest

from perfstress.errors import UsageError
from perfstress.substitute import REDACTED, redact, substitute, substitute_all


def test_known_names_are_put_in_and_other_braces_left():
    assert substitute("http://127.0.0.1:{port}/{x}", {"port": "81"}) == "http://127.0.0.1:81/{x}"
    assert substitute('{"a": {"b": 1}}', {"port": "81"}) == '{"a": {"b": 1}}'


def test_templates_are_left_alone():
    text = "Bearer {{ token }} {port} {{port}}"
    assert substitute(text, {"port": "1", "token": "x"}) == "Bearer {{ token }} 1 {{port}}"


def test_nested_default(monkeypatch):
    text = "${env:PERFSTRESS_TEST_DSN:-sqlite:///{run}/shop.db}?x=1"
    monkeypatch.delenv("PERFSTRESS_TEST_DSN", raising=False)
    assert substitute(text, {"run": "/r"}) == "sqlite:////r/shop.db?x=1"
    monkeypatch.setenv("PERFSTRESS_TEST_DSN", "postgresql://u:s3cret@h/db")
    assert substitute(text, {"run": "/r"}) == "postgresql://u:s3cret@h/db?x=1"
    assert redact("dsn postgresql://u:s3cret@h/db!") == f"dsn {REDACTED}!"


def test_empty_variable_counts_as_unset(monkeypatch):
    monkeypatch.setenv("PERFSTRESS_TEST_DSN", "")
    assert substitute("${env:PERFSTRESS_TEST_DSN:-d}", {}) == "d"


def test_missing_variable_is_told(monkeypatch):
    monkeypatch.delenv("PERFSTRESS_TEST_GONE", raising=False)
    with pytest.raises(UsageError, match="PERFSTRESS_TEST_GONE is not set") as caught:
        substitute("${env:PERFSTRESS_TEST_GONE}", {})
    assert caught.value.slug == "missing-secret"


@pytest.mark.parametrize("text", ["${env:A", "${env:}", "${env:1x}"])
def test_malformed(text):
    with pytest.raises(UsageError) as caught:
        substitute(text, {})
    assert caught.value.slug == "bad-secret"


def test_file_secret(tmp_path):
    (tmp_path / "token").write_text("hunter2-hunter2\n")
    assert substitute("Bearer ${file:token}", {}, folder=tmp_path) == "Bearer hunter2-hunter2"
    assert "hunter2" not in redact("got hunter2-hunter2")
    with pytest.raises(UsageError, match=re.escape("${file:other}")):
        substitute("${file:other}", {}, folder=tmp_path)


def test_short_secrets_are_not_redacted(monkeypatch):
    monkeypatch.setenv("PERFSTRESS_TEST_SHORT", "test")
    assert substitute("${env:PERFSTRESS_TEST_SHORT}", {}) == "test"
    assert redact("a test of testing") == "a test of testing"


def test_substitute_all_walks_the_data():
    data = {"{port}": ["{port}", 1, None, {"a": "x{port}"}]}
    assert substitute_all(data, {"port": "9"}) == {"{port}": ["9", 1, None, {"a": "x9"}]}
