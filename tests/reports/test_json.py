"""The object of the contract."""

from __future__ import annotations

import dataclasses
import io
import json
import math
from pathlib import Path

from perfstress import runfile
from perfstress.reports import REPORTS
from perfstress.reports.json import verdict_line
from tests.support import synthetic
from tests.support.verdicts import DESCRIPTORS, FAILED

CONTRACT = {"verdict", "example", "run", "findings", "could_not_see", "load", "generator"}
FINDING = {
    "class",
    "resource",
    "label",
    "per_op",
    "unit",
    "interval",
    "exhausts_in_s",
    "limit",
    "summary",
    "diagnosis",
}
LOAD = {
    "requests",
    "ok",
    "errors",
    "dropped",
    "achieved_rate",
    "intended_rate",
    "response_ms",
    "phases_ms",
    "service_ms",
    "slip_ms",
}


def test_one_object_on_one_line_with_the_names_of_the_contract(tmp_path: Path) -> None:
    run = runfile.read(synthetic.empty(tmp_path / "run"))
    out = io.StringIO()
    REPORTS["json"](FAILED, run, out)
    assert out.getvalue().count("\n") == 1
    seen = json.loads(out.getvalue())
    assert seen == FAILED.as_json()
    assert set(seen) >= CONTRACT
    assert set(seen["findings"][0]) >= FINDING
    assert set(seen["load"]) >= LOAD
    assert set(seen["load"]["response_ms"]) == {"p50", "p90", "p99", "p99_9", "max"}
    assert seen["generator"]["cpu_s"] == 44.0


def test_what_json_cannot_say_is_null() -> None:
    endless = dataclasses.replace(DESCRIPTORS, exhausts_in_s=math.inf, interval=(0.9, math.inf))
    line = verdict_line(dataclasses.replace(FAILED, findings=(endless,)))
    finding = json.loads(line, parse_constant=lambda name: name)["findings"][0]
    assert finding["exhausts_in_s"] is None
    assert finding["interval"] == [0.9, None]
