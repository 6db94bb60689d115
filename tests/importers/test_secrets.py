"""No secret of a recording reaches a draft, whatever it is and wherever it stands."""

from __future__ import annotations

import io
import json
import re
import string
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perfstress import importers, loading
from perfstress.commands.draft import draft
from perfstress.importers import secrets
from perfstress.importers.finishing import finished
from perfstress.importers.recorded import Recorded, RecordedJourney, RecordedStep

FILES = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
LETTERS = string.ascii_letters + string.digits
# The heart of a secret: nobody writes these by chance.
HEARTS = st.text(LETTERS, min_size=12, max_size=30).map(lambda text: f"q7{text}Z9")
KEYS = st.sampled_from(
    ["password", "new_password", "passwd", "client_secret", "access_token", "refreshToken",
     "apiKey", "api_key", "x-api-key", "csrf_token", "session_id", "private_key", "card_number",
     "jwt", "credentials", "X-Amz-Signature", "otp"]
)  # fmt: skip
HEADERS = st.sampled_from(
    ["Authorization", "Proxy-Authorization", "Cookie", "X-Api-Key", "X-Auth-Token", "X-CSRF-Token",
     "X-Session-Id", "Api-Key"]
)  # fmt: skip
# What is a secret by its form, in any place.
FORMS = st.sampled_from(
    [
        lambda heart: f"eyJhbGciOiJIUzI1NiJ9.eyJ{heart}.{heart}",
        lambda heart: f"ghp_{heart}{heart}",
        lambda heart: f"sk_live_{heart}",
        lambda heart: f"Bearer {heart}",
        lambda heart: f"https://ann:{heart}@shop.test/",
        lambda heart: f"-----BEGIN RSA PRIVATE KEY-----\n{heart}\n-----END RSA PRIVATE KEY-----",
        lambda heart: f"-----BEGIN PRIVATE KEY-----\n{heart}",
    ]
)
PLAIN = st.text(LETTERS + " ", max_size=8)


@st.composite
def steps(draw: st.DrawFn, heart: str) -> RecordedStep:
    """A request with a secret in one place of it."""
    form = draw(FORMS)(heart)
    key = draw(KEYS)
    text = draw(PLAIN) + draw(st.sampled_from(["", " "]))
    deep: Any = draw(
        st.sampled_from([{key: heart}, {key: [{"a": heart}]}, {key: {"value": heart, "n": 1}},
                         {"text": form}, [text + form], {form: 1},
                         {"text": f'{{"{key}": "{heart}"}}'}, {"url": f"http://h/?{key}={heart}"}])
    )  # fmt: skip
    for _ in range(draw(st.integers(0, 3))):
        deep = draw(st.sampled_from([{"inner": deep}, [deep], {"a": 1, "b": deep}]))
    return draw(
        st.sampled_from(
            [
                RecordedStep("get", "/a", {draw(HEADERS).lower(): heart}),
                RecordedStep("get", "/a", {"cookie": f"theme=dark; sid={heart}"}),
                RecordedStep("get", "/a", {"x-note": form}),
                RecordedStep("get", f"/a?b=1&{key}={heart}&c=2"),
                RecordedStep("get", f"/a/{quote(form, safe='')}/b"),
                RecordedStep("get", f"/a?next={quote(form, safe='')}"),
                RecordedStep("get", f"/a;jsessionid={heart}?b=1"),
                RecordedStep("post", "/a", json=deep),
                RecordedStep("post", "/a", body=text + form),
                RecordedStep("post", "/a", body=f"<soap><{key}>{heart}</{key}></soap>"),
                RecordedStep("post", "/a", body=f"a=1&{key}={heart}"),
                RecordedStep("post", "/a", form={"user": "ann", key: heart}),
                RecordedStep("post", "/a", form={"text": form}),
            ]
        )
    )


@settings(deadline=None, max_examples=200)
@given(st.data(), HEARTS)
def test_no_secret_passes(data: st.DataObject, heart: str) -> None:
    """Nor does it where the same value stands elsewhere, if its place showed what it is."""
    step = data.draw(steps(heart))
    done = finished(Recorded((RecordedJourney("", 1, (step,)),), "s", notes=(f"seen {heart}",)))
    assert heart not in repr(done.journeys)
    assert heart.lower() not in done.journeys[0].name
    assert "${env:" in repr(done.journeys)
    assert any(note.startswith("left out as a secret") for note in done.notes)


@settings(deadline=None)
@given(HEARTS, st.sampled_from(["Cookie", "Authorization"]))
def test_a_value_known_from_one_place_is_known_in_all(heart: str, header: str) -> None:
    text = {"Cookie": f"sid={heart}; a=b", "Authorization": f"Token {heart}"}[header]
    login = RecordedStep("get", "/in", {header.lower(): text})
    other = RecordedStep(
        "post", f"/{heart}/x?q={heart}", {"x-a": f"-{heart}-"}, json={heart: [f"{heart}!"]}
    )
    done = finished(Recorded((RecordedJourney(heart, 1, (login, other)),), "s", notes=(heart,)))
    assert heart not in repr(done)
    assert heart.lower() not in repr(done).lower()


def har(step: RecordedStep) -> str:
    url = "https://shop.test" + step.path
    headers = [{"name": name, "value": text} for name, text in step.headers.items()]
    sent = None
    if step.json is not None:
        sent = {"mimeType": "application/json", "text": json.dumps(step.json)}
    elif step.form is not None:
        params = [{"name": name, "value": text} for name, text in step.form.items()]
        sent = {"mimeType": "application/x-www-form-urlencoded", "params": params}
    elif step.body is not None:
        sent = {"mimeType": "text/plain", "text": step.body}
    request = {"method": step.method.upper(), "url": url, "headers": headers, "postData": sent}
    response = {"status": 200, "headers": [], "content": {"mimeType": "text/html"}}
    entry = {"startedDateTime": "2026-11-02T08:00:00Z", "time": 5, "request": request,
             "response": response}  # fmt: skip
    return json.dumps({"log": {"entries": [entry]}})


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None
)
@given(st.data(), HEARTS)
def test_no_secret_of_a_har_is_in_the_file(tmp_path: Path, data: st.DataObject, heart: str) -> None:
    recording = tmp_path / "a.har"
    recording.write_text(har(data.draw(steps(heart))))
    done = draft(
        "mine", kind="load", source="har", recording=recording, folder=tmp_path, force=True
    )
    assert heart not in done.path.read_text()
    assert heart not in repr(done.notes)
    _, problems = loading.check(done.path)
    assert {problem.slug for problem in problems} == {"placeholder"}


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15, deadline=None
)
@given(st.data(), HEARTS)
def test_no_secret_of_a_log_is_in_the_file(tmp_path: Path, data: st.DataObject, heart: str) -> None:
    path = data.draw(steps(heart)).path
    if heart not in path:
        path = f"/in?token={heart}"
    recording = tmp_path / "a.log"
    recording.write_text(
        f'h - - [28/Nov/2025:11:00:00 +0000] "GET {path} HTTP/1.1" 200 1 "-" "-"\n'
    )
    done = draft(
        "mine", kind="load", source="access-log", recording=recording, folder=tmp_path, force=True
    )
    assert heart not in done.path.read_text()


@pytest.mark.parametrize(
    "step",
    [
        RecordedStep("get", "/tokens?page=2", {"accept": "application/json"}),
        RecordedStep(
            "post", "/a", json={"max_tokens": 100, "token_type": "bearer", "cookies": True}
        ),
        RecordedStep(
            "post", "/a", json={"author": "ann", "passage": "on foot", "keyboard": "qwertz"}
        ),
        RecordedStep("get", "/a%20b?q=c%2Fd&e=f+g"),
    ],
)
def test_what_is_no_secret_stays(step: RecordedStep) -> None:
    done = finished(Recorded((RecordedJourney("", 1, (step,)),), "s"))
    assert done.journeys[0].steps == (step,)
    assert done.notes == ()


def test_templates_of_an_importer_stay_and_those_of_a_recording_are_no_names() -> None:
    token = secrets.template("token")
    step = RecordedStep(
        "post", f"/a/{token}?t={token}", {"authorization": f"Bearer {token}"},
        json={"access_token": token, "text": "{{ theirs }} and ${env:HOME}"},
    )  # fmt: skip
    done = finished(Recorded((RecordedJourney("", 1, (step,)),), "s")).journeys[0].steps[0]
    assert done.path == "/a/{{ token }}?t={{ token }}"
    assert done.headers == {"authorization": "Bearer {{ token }}"}
    assert done.json["access_token"] == "{{ token }}"
    assert "{{" not in done.json["text"]
    assert "${" not in done.json["text"]


def test_notes_say_where_and_never_what() -> None:
    step = RecordedStep("post", "/login/q7abcdefghijkZ9", json={"password": "q7abcdefghijkZ9"})
    notes = finished(Recorded((RecordedJourney("", 3, (step,)),), "s")).notes
    where = "POST /login/${env:PASSWORD}; export PASSWORD"
    assert notes == (
        f"left out as a secret: path of {where}",
        f"left out as a secret: password in the body of {where}",
    )


def test_every_importer_is_read_through_the_last_step(tmp_path: Path) -> None:
    recording = tmp_path / "c.sh"
    recording.write_text("curl -H 'authorization: Bearer q7abcdefghijkZ9' http://h/")
    assert "q7abcdefghijkZ9" not in repr(importers.read("curl", recording))
    assert "q7abcdefghijkZ9" in repr(importers.IMPORTERS["curl"](io.BytesIO(
        recording.read_bytes()), "c.sh"))  # fmt: skip


MAKE_HAR = Path(__file__).parents[2] / "worked_examples" / "data" / "make_har.py"


def test_no_secret_of_a_day_in_the_shop_is_in_its_draft(tmp_path: Path) -> None:
    words = [sys.executable, str(MAKE_HAR), "--requests", "1500"]
    text = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    recording = tmp_path / "a.har"
    recording.write_text(text)
    done = draft("mine", kind="load", source="har", recording=recording, folder=tmp_path)
    written = done.path.read_text()
    names = r"(?:session|password|access_token|csrf_token|Bearer|card_number|api_key)"
    found = set(re.findall(names + r"[^A-Za-z0-9]{1,8}([A-Za-z0-9]{8,})", text))
    assert len(found) > 100
    assert [secret for secret in found if secret in written + repr(done.notes)] == []
