"""Secrets typed behind ``--set``: which they are, and that no file of a run has them."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from perfstress import loading, typedsecrets
from perfstress.substitute import REDACTED, redact
from tests.support.project import Project

STEP = "workload.http.journeys.look.steps.0"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("target.env.SESSION_KEY_TOKEN", "wxyz-8765"),
        ("target.env.STRIPE_SECRET_KEY", "abc"),
        ("target.env.DSN", "postgresql://shop:pw12345@127.0.0.1/shop"),
        ("target.env.START", "--api-key=k-1234567"),
        ("target.env.ANYTHING", "ghp_0123456789abcdefghij"),
        (f"{STEP}.headers.X-Session", "wxyz-8765"),
        (f"{STEP}.headers.authorization", "Bearer wxyz-8765"),
        (f"{STEP}.json.user.password", "12345678"),
        (f"{STEP}.form.otp", "913512"),
        (f"{STEP}.get", "/look?access_token=wxyz8765"),
        ("workload.http.auth.bearer", "wxyz-8765"),
        ("workload.http.auth.oauth2.client_secret", "wxyz-8765"),
    ],
)
def test_a_secret_is_known_by_its_place_or_its_form(path: str, value: str) -> None:
    assert typedsecrets.is_secret(path, value)
    assert typedsecrets.kept({path: value}) == {path: REDACTED}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("target.env.DEBUG", "1"),
        ("target.env.DSN", "postgresql://shop@127.0.0.1/shop"),
        ("target.env.DSN", "${env:SHOP_DSN}"),
        ("target.env.CSRF_TOKENS", "true"),
        ("target.env.API_TOKEN", "${file:token}"),
        (f"{STEP}.headers.authorization", "Bearer {{ token }}"),
        (f"{STEP}.capture.token", "access_token"),
        (f"{STEP}.get", "/look?page=2"),
        ("workload.http.auth.oauth2.token_url", "http://127.0.0.1:8080/token"),
        ("production.size.tokens", "2000"),
        ("shape.stages.spike.rate", "50/s"),
        ("title", "A shop that is busy"),
    ],
)
def test_what_is_none_is_kept_as_it_was_typed(path: str, value: str) -> None:
    assert not typedsecrets.is_secret(path, value)
    assert typedsecrets.kept({path: value}) == {path: value}


def test_what_the_example_reads_from_the_environment_is_known_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PERFSTRESS_TEST_TYPED", "plain-words-once")
    project = Project(tmp_path)
    project.document["target"]["env"] = {"SHOP": "${env:PERFSTRESS_TEST_TYPED}"}
    project.file.write_text(yaml.safe_dump(project.document))
    overrides = {"target.env.OTHER": "x plain-words-once y", "target.env.PORTS": "12"}
    loaded = loading.load(project.file, overrides)
    typedsecrets.learn(overrides, loaded.document)
    told = typedsecrets.kept_document(loaded.document, loaded.overridden, overrides)
    assert told["target"]["env"]["OTHER"] == f"x {REDACTED} y"
    assert told["target"]["env"]["PORTS"] == "12"
    assert loaded.document["target"]["env"]["OTHER"] == "x plain-words-once y"
    assert redact("plain-words-once") == REDACTED


def test_a_name_that_is_not_there_is_told_without_the_value(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.file.write_text(yaml.safe_dump(project.document))
    _, problems = loading.check(project.file, {"target.envy.TOKEN": "wxyz-8765"})
    assert "wxyz-8765" not in "".join(str(problem) for problem in problems)


@pytest.mark.live
def test_no_file_of_a_run_has_them_and_it_cannot_be_shrunk(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.mode("errors", "20")
    project.document["shape"]["stages"][0]["for"] = "1s"
    secrets = {
        "target.env.DSN": "postgresql://shop:pw-canary-1@127.0.0.1/shop",
        "target.env.PRIVATE-KEY": "pw-canary-2",
        f"{STEP}.headers.x-session": "pw-canary-3",
        f"{STEP}.get": "/?sid=pw-canary-4",
    }
    words = [word for path, value in secrets.items() for word in ("--set", f"{path}={value}")]
    code, out, err = project.discover("--json", "--set", "target.env.DEBUG=yes", *words)
    assert code == 1, err
    files = [file for file in project.root.rglob("*") if file.is_file()]
    kept = [file.name for file in files if b"pw-canary" in file.read_bytes()]
    assert (kept, "pw-canary" in out + err) == ([], False)
    assert "target.env.DEBUG" in (project.run / "report.html").read_text()
    shrunk = project.perfstress("shrink", "shop")
    assert shrunk.returncode == 2
    assert "[secret-not-kept]" in shrunk.stderr
