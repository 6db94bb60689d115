"""Postman collections of version 2.1: folders become journeys, variables their values."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO
from urllib.parse import quote

from perfstress.example import METHODS
from perfstress.importers import secrets
from perfstress.importers.addresses import apart
from perfstress.importers.bodies import body_of
from perfstress.importers.opened import document
from perfstress.importers.recorded import (
    Recorded,
    RecordedJourney,
    RecordedStep,
    bad_recording,
)

MOST_JOURNEYS = 12
MOST_STEPS = 20
DEEPEST = 20

_VARIABLE = re.compile(r"\{\{\s*([^{}\s]+)\s*\}\}")
# pm.environment.set("token", pm.response.json().access_token), the whole document under a name too
_SET = re.compile(
    r"""pm\.(?:environment|collectionVariables|globals|variables)\.set\(\s*["']([\w-]+)["']\s*,\s*"""
    r"""(?:pm\.response\.json\(\)|(\w+))((?:\.\w+|\[\d+\])+)\s*\)"""
)
_DOCUMENT = re.compile(r"(?:const|let|var)\s+(\w+)\s*=\s*pm\.response\.json\(\)")
# What Postman makes up at each request is one value here.
_DYNAMIC: Mapping[str, str] = {
    "$guid": "3fa85f64-5717-4562-b3fc-2c963f66afa6",
    "$randomuuid": "3fa85f64-5717-4562-b3fc-2c963f66afa6",
    "$timestamp": "1764324000",
    "$isotimestamp": "2025-11-28T10:00:00Z",
    "$randomint": "42",
    "$randomemail": "ann@shop.test",
}


def read(file: BinaryIO, name: str) -> Recorded:
    """The requests of a collection, in the order of its folders."""
    collection = document(file, name)
    if isinstance(collection, dict) and isinstance(collection.get("collection"), dict):
        collection = collection["collection"]  # as Postman's API gives it
    info = collection.get("info") if isinstance(collection, dict) else None
    if not isinstance(info, dict) or not isinstance(collection.get("item"), list):
        old = isinstance(collection, dict) and "requests" in collection
        said = "is a collection of version 1" if old else "is no Postman collection"
        raise bad_recording(f"{name}: {said}", "export it as Collection v2.1")
    reading = _Reading(_variables(collection))
    auth = collection.get("auth")
    folders = list(_folders(collection["item"], str(info.get("name") or "requests"), auth, 0))
    journeys = []
    for title, requests in folders[:MOST_JOURNEYS]:
        steps = tuple(reading.steps(requests[:MOST_STEPS]))
        if steps:
            journeys.append(RecordedJourney(title, 1, steps))
    if not journeys:
        raise bad_recording(f"{name}: holds no request", "export a collection that has some")
    cut = sum(max(0, len(requests) - MOST_STEPS) for _, requests in folders[:MOST_JOURNEYS])
    cut += sum(len(requests) for _, requests in folders[MOST_JOURNEYS:])
    notes = ["it says nothing of rates: weigh the journeys, and take the figures from production"]
    notes += [f"{cut} more requests are left out"] if cut else []
    notes += list(reading.notes())
    return Recorded(tuple(journeys), f"Postman collection {name}", notes=tuple(notes))


Requests = list[tuple[Mapping[str, Any], Any]]


def _folders(items: Any, title: str, auth: Any, depth: int) -> Iterator[tuple[str, Requests]]:
    """Each folder that has requests of its own, with these and the auth that holds for each."""
    own: Requests = []
    inner: list[tuple[Any, str, Any]] = []
    for item in items if isinstance(items, list) and depth < DEEPEST else ():
        if not isinstance(item, dict):
            continue
        if isinstance(item.get("item"), list):
            inner.append((item["item"], str(item.get("name") or title), item.get("auth") or auth))
        elif isinstance(item.get("request"), dict | str):
            own.append((item, auth))
    if own:
        yield title, own
    for deeper, name, theirs in inner:
        yield from _folders(deeper, name, theirs, depth + 1)


def _variables(collection: Mapping[str, Any]) -> dict[str, str]:
    """Values of the collection; a secret one is a variable of the environment."""
    found: dict[str, str] = {}
    for each in _listed(collection.get("variable")):
        key = str(each.get("key") or each.get("id") or "")
        value = "" if each.get("value") is None else str(each["value"])
        if each.get("type") == "secret" or secrets.is_secret_key(key):
            value = secrets.env(key)
        if value:
            found[key] = value
    return found


@dataclass(slots=True)
class _Reading:
    """What is known while the requests are read in order."""

    variables: Mapping[str, str]
    captured: dict[str, str] = field(default_factory=dict)
    hosts: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    made_up: Counter[str] = field(default_factory=Counter)

    def notes(self) -> Iterator[str]:
        """What the author has to know."""
        if self.hosts:
            named = ", ".join(host for host, _ in self.hosts.most_common(4))
            yield f"recorded against {named}; the load goes to the target below"
        for name in self.unknown:
            yield f"{name} has no value in the collection: export {secrets.variable(name)}"
        if self.made_up:
            yield f"one value stands for what Postman makes up: {', '.join(self.made_up)}"

    def steps(self, requests: Requests) -> Iterator[RecordedStep]:
        """The requests of a folder; what a test sets from an answer is captured."""
        self.captured = {}
        for item, auth in requests:
            given = item["request"]
            request = given if isinstance(given, dict) else {"url": given, "method": "GET"}
            method = str(request.get("method") or "GET").lower()
            if method not in METHODS:
                continue
            step = self._step(method, request, request.get("auth") or auth)
            status = _status(item.get("response"))
            captures = dict(_captures(item.get("event")))
            yield replace(step, status=status, capture=captures)
            self.captured |= {name: secrets.template(name) for name in captures}

    def _step(self, method: str, request: Mapping[str, Any], auth: Any) -> RecordedStep:
        headers = {
            str(each.get("key")).lower(): self.text(str(each.get("value") or ""))
            for each in _listed(request.get("header"))
        }
        path = self._path(request.get("url"))
        name, value = self._auth(auth)
        if name == "?":
            path += f"{'&' if '?' in path else '?'}{value}"
        elif name:
            headers[name] = value
        kind = headers.pop("content-type", "")
        body = self._body(request.get("body"), kind)
        if body.body is not None and kind:
            headers["content-type"] = kind
        return replace(body, method=method, path=path, headers=headers)

    def text(self, text: str, encode: bool = False) -> str:
        """A text with its variables put in, those of variables too."""
        for _ in range(5):
            replaced = _VARIABLE.sub(lambda found: self._named(found[1], encode), text)
            if replaced == text:
                break
            text = replaced
        return text

    def _named(self, name: str, encode: bool) -> str:
        if name in self.captured:
            return self.captured[name]
        if name in self.variables:
            value = self.variables[name]
            plain = encode and "{{" not in value and value.isprintable() and "://" not in value
            return quote(value, safe="/?=&:\ue000\ue001\ue002\ue003") if plain else value
        if name.startswith("$"):
            self.made_up[name] += 1
            return _DYNAMIC.get(name.lower(), "text")
        self.unknown[name] += 1
        return secrets.env(name)

    def _path(self, url: Any) -> str:
        """The path and the query of a request; the host is only told."""
        given: Mapping[str, Any] = url if isinstance(url, dict) else {"raw": str(url or "")}
        raw = str(given.get("raw") or "")
        if not raw and isinstance(given.get("path"), list | str):
            steps = given["path"] if isinstance(given["path"], list) else [given["path"]]
            raw = "/" + "/".join(str(step) for step in steps)
        before = re.sub(r"^\{\{[^{}]+\}\}(?=/|$|\?)", self._host, raw.partition("#")[0])
        text = self.text(before, encode=True)
        if not text.startswith("/"):
            _, host, text = apart(text if "://" in text else f"http://{text}")
            self.hosts[host] += bool(host)
        for each in _listed(given.get("variable")):
            key, value = str(each.get("key")), self.text(str(each.get("value") or "TODO"))
            text = re.sub(rf"/:{re.escape(key)}(?=/|$|\?)", lambda _, v=value: f"/{v}", text)  # type: ignore[misc]
        for each in _listed(given.get("query"), disabled=True):
            pair = f"{each.get('key')}={each.get('value') or ''}"
            text = text.replace(f"&{pair}", "") if each.get("disabled") else text
        return re.sub(r"/:[A-Za-z_]\w*(?=/|$|\?)", "/TODO", text)

    def _host(self, found: re.Match[str]) -> str:
        """The variable that a request begins with is its host, if nobody knows it."""
        name = found[0].strip("{} ")
        return self.variables.get(name, "")

    def _auth(self, auth: Any) -> tuple[str, str]:
        """The header that shows who asks, or ``?`` and a parameter; secrets are named."""
        if not isinstance(auth, dict):
            return "", ""
        kind = str(auth.get("type"))
        given = auth.get(kind)
        fields = {
            str(each.get("key")): str(each.get("value") or "")
            for each in (given if isinstance(given, list) else ())
            if isinstance(each, dict)
        }
        if isinstance(given, dict):  # of version 2.0
            fields = {str(key): str(value) for key, value in given.items()}
        if kind == "bearer":
            token = self.text(fields.get("token", ""))
            known = token if "\ue000" in token or "\ue002" in token else secrets.env("TOKEN")
            return "authorization", f"Bearer {known}"
        if kind == "basic":
            return "authorization", f"Basic {secrets.env('BASIC_AUTH')}"
        if kind == "apikey":
            key = fields.get("key") or "x-api-key"
            if fields.get("in") == "query":
                return "?", f"{key}={secrets.env(key)}"
            return key.lower(), secrets.env(key)
        if kind in ("oauth2", "oauth1", "jwt"):
            return "authorization", f"Bearer {secrets.env('TOKEN')}"
        return "", ""

    def _body(self, body: Any, kind: str) -> RecordedStep:
        step = RecordedStep("", "")
        if not isinstance(body, dict) or body.get("disabled"):
            return step
        mode = body.get("mode")
        if mode == "urlencoded":
            form = {
                str(each.get("key")): self.text(str(each.get("value") or ""))
                for each in _listed(body.get("urlencoded"))
            }
            return replace(step, form=form) if form else step
        if mode == "graphql" and isinstance(body.get("graphql"), dict):
            asked = body["graphql"]
            sent: dict[str, Any] = {"query": self.text(str(asked.get("query") or ""))}
            try:
                sent["variables"] = json.loads(self.text(str(asked.get("variables") or "{}")))
            except ValueError:
                sent["variables"] = "TODO"
            return replace(step, json=sent)
        if mode in ("formdata", "file"):
            return replace(step, json="TODO: a body of files; write multipart: {field: text}")
        found = body_of(kind or "application/json", self.text(str(body.get("raw") or "")))
        return replace(step, json=found.json, form=found.form, body=found.text)


def _listed(given: Any, *, disabled: bool = False) -> Iterator[Mapping[str, Any]]:
    for each in given if isinstance(given, list) else ():
        if isinstance(each, dict) and (disabled or not each.get("disabled")):
            yield each


def _captures(events: Any) -> Iterator[tuple[str, str]]:
    """What a test script keeps of an answer, where it says so in one line."""
    for event in _listed(events):
        script = event.get("script")
        if event.get("listen") != "test" or not isinstance(script, dict):
            continue
        lines = script.get("exec")
        text = "\n".join(map(str, lines)) if isinstance(lines, list) else str(lines or "")
        documents = set(_DOCUMENT.findall(text))
        for name, of, path in _SET.findall(text):
            if not of or of in documents:
                yield name, path.lstrip(".")


def _status(responses: Any) -> int | None:
    """What the first good answer that was saved had."""
    codes = [each.get("code") for each in _listed(responses)]
    return next((code for code in codes if isinstance(code, int) and 200 <= code < 400), None)
