"""The page: what it says, that it needs nothing else, and that it stays small."""

from __future__ import annotations

import dataclasses
import html.parser
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from perfstress import runfile
from perfstress.measurement import Event
from perfstress.reports import html as page
from perfstress.reports import write_report
from perfstress.run import Run
from perfstress.verdict import Outcome, Verdict
from tests.support import synthetic
from tests.support.synthetic import Layout, Truth
from tests.support.verdicts import DESCRIPTORS, FAILED, NOTHING, PASSED, UNREAL

HOSTILE = "</script><script>document.title='owned'</script><img src=x onerror=alert(1)>"


class Outline(html.parser.HTMLParser):
    """Every element with its attributes, and the text outside scripts and styles."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.scripts: list[str] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag in {"script", "style"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if not self.open:
            self.text += data
        elif self.open[-1] == "script":
            self.scripts.append(data)

    def ids(self) -> set[str | None]:
        return {attributes.get("id") for _, attributes in self.elements}

    def data(self) -> dict[str, Any]:
        """What the charts are drawn from."""
        found: dict[str, Any] = json.loads(self.scripts[0])
        return found


def told(verdict: Verdict, run: Run) -> Outline:
    out = io.StringIO()
    page.report(verdict, run, out)
    return Outline(out.getvalue())


@pytest.fixture(scope="module")
def leaking(tmp_path_factory: pytest.TempPathFactory) -> Run:
    path = tmp_path_factory.mktemp("leak") / "run"
    truth = Truth(memory_bytes_per_op=900, fds_per_op=0.002, error_share=0.002, gauges=6)
    return runfile.read(synthetic.soak(path, truth, Layout(ops_per_epoch=4000)))


def test_findings_come_first_in_sentences(leaking: Run) -> None:
    outline = told(FAILED, leaking)
    text = " ".join(outline.text.split())
    places = [
        text.index(part)
        for part in (
            "checkout-soak FAIL",
            DESCRIPTORS.summary,
            "987 of 1,004 descriptors are TCP sockets",
            "0.98 descriptors per operation (99 % interval 0.97 to 0.99)",
            "a fresh process showed it again",
            "memory grows by 120 B per operation, ever slower",
            "fds grow by 0.98 per operation",
            "What could not have been seen",
            "growth below 3.2 B per operation",
            "200,000 requests",
        )
    ]
    assert places == sorted(places)


def test_a_finding_points_at_its_chart(leaking: Run) -> None:
    outline = told(FAILED, leaking)
    charts = {chart["name"]: chart for chart in outline.data()["resources"]}
    linked = {attributes["href"] for tag, attributes in outline.elements if tag == "a"}
    assert f"#{charts['fds']['id']}" in linked
    assert [chart["name"] for chart in outline.data()["resources"]][:2] == ["memory", "fds"]
    assert charts["fds"]["trend"]["v"][-1] > charts["fds"]["trend"]["v"][0]
    for link in linked:
        name = str(link)[1:]
        assert name in outline.ids() or name in {chart["id"] for chart in charts.values()}


def test_the_page_needs_nothing_from_elsewhere(leaking: Run) -> None:
    out = io.StringIO()
    page.report(FAILED, leaking, out)
    outline = Outline(out.getvalue())
    for tag, attributes in outline.elements:
        assert tag not in {"iframe", "object", "embed", "base"}
        assert "src" not in attributes
        if tag == "link":
            assert attributes["href"] == "data:,"
        elif tag == "a":
            assert str(attributes["href"]).startswith("#")
    assert not re.search(r"url\(\s*['\"]?(?!data:)", out.getvalue())
    assert "@import" not in out.getvalue()
    policy = [
        attributes["content"]
        for tag, attributes in outline.elements
        if tag == "meta" and "http-equiv" in attributes
    ]
    assert policy
    assert str(policy[0]).startswith("default-src 'none'")


def test_the_same_run_gives_the_same_bytes(leaking: Run) -> None:
    pages = []
    for _ in range(2):
        out = io.StringIO()
        page.report(FAILED, runfile.read(leaking.path), out)
        pages.append(out.getvalue())
    assert pages[0] == pages[1]


def hostile_run(path: Path) -> Run:
    """A run in which everything that others name is an attempt on the page."""
    synthetic.soak(path, Truth(gauges=3), Layout(ops_per_epoch=3000))
    with (path / runfile.LOG).open("a") as log:
        log.write(f"{HOSTILE}\n")
    (path / runfile.EXAMPLE_SOURCE).write_text(f"# {HOSTILE}\n")
    run = runfile.read(path)
    samples = [
        dataclasses.replace(
            sample, values={**sample.values, f'gauge:g{{v="{HOSTILE}"}}': float(number)}
        )
        for number, sample in enumerate(run.samples)
    ]
    intervals = [
        dataclasses.replace(one, journey=HOSTILE) if one.step == "post-login" else one
        for one in run.intervals
    ]
    return dataclasses.replace(
        run,
        samples=samples,
        intervals=intervals,
        events=[*run.events, Event(5.0, "generator-lost", {"why": HOSTILE})],
        evidence=[
            {"t_s": 1.0, "epoch": 0, "state": "load", "probe": HOSTILE, "facts": {HOSTILE: 1}}
        ],
        manifest=dataclasses.replace(
            run.manifest, environment={HOSTILE: HOSTILE}, example_path=HOSTILE, zero=HOSTILE
        ),
    )


def hostile_verdict() -> Verdict:
    finding = dataclasses.replace(
        DESCRIPTORS, summary=HOSTILE, diagnosis=HOSTILE, resource=HOSTILE, series=HOSTILE
    )
    return dataclasses.replace(
        FAILED, findings=(finding,), reasons=(HOSTILE,), notes=(HOSTILE,), next_step=HOSTILE
    )


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    outline = told(hostile_verdict(), hostile_run(tmp_path / "run"))
    assert [tag for tag, _ in outline.elements].count("script") == 3
    assert "img" not in {tag for tag, _ in outline.elements}
    assert outline.text.count(HOSTILE) >= 10
    assert any(HOSTILE in route["name"] for route in outline.data()["routes"])
    assert any(HOSTILE in chart["name"] for chart in outline.data()["gauges"])


@pytest.mark.parametrize("state", ["running", "interrupted", "failed"])
def test_a_run_without_a_single_reading_has_its_page(tmp_path: Path, state: Any) -> None:
    run = runfile.read(synthetic.empty(tmp_path / "run", state))
    text = told(NOTHING, run).text
    assert "Partial run." in text
    assert "what was recorded until then is told" in text
    assert "Nothing was measured" in text
    assert "nothing was measured" in text


def test_a_torn_run_shows_what_there_is(tmp_path: Path) -> None:
    path = synthetic.soak(tmp_path / "run", Truth(ends_s=12.0), Layout(ops_per_epoch=4000))
    outline = told(NOTHING, runfile.read(path))
    assert "Partial run." in outline.text
    data = outline.data()
    assert 11 <= data["end"] <= 14
    assert data["resources"]
    assert data["bands"][-1]["to"] == data["end"]


def test_a_crash_is_marked_and_its_log_lies_open(tmp_path: Path) -> None:
    path = synthetic.soak(tmp_path / "run", Truth(dies_after_ops=6000), Layout(ops_per_epoch=4000))
    outline = told(dataclasses.replace(NOTHING, outcome=Outcome.FAIL), runfile.read(path))
    assert [mark["name"] for mark in outline.data()["marks"]] == ["the target ended unasked"]
    assert "shop: serving on 127.0.0.1" in outline.text
    assert "SIGKILL" in outline.text
    opened = [attributes for tag, attributes in outline.elements if tag == "details"]
    assert any("open" in attributes for attributes in opened)


def test_a_reduced_run_is_told_loudly(tmp_path: Path) -> None:
    run = runfile.read(synthetic.spike(tmp_path / "run"))
    text = told(UNREAL, run).text
    assert "REDUCED" in text
    assert "Not the committed example at full scale" in text
    assert "REDUCED" not in told(PASSED, run).text


def test_thirty_minutes_with_three_hundred_gauges_stay_below_the_limit(tmp_path: Path) -> None:
    path = synthetic.soak(
        tmp_path / "run",
        Truth(gauges=300, memory_bytes_per_op=50, drift_ms_per_op=1e-6),
        Layout(ops_per_epoch=220_000),
    )
    run = runfile.read(path)
    assert run.samples[-1].t_s > 1750
    assert len([name for name in run.names if name.startswith("gauge:")]) == 300
    report = path / "report.html"
    write_report(FAILED, run, report)
    assert report.stat().st_size <= 1_500_000
    data = Outline(report.read_text("utf-8")).data()
    assert len(data["gauges"]) == 40
    for series in every_line(data):
        assert len(series["t"]) <= 600


def every_line(data: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for chart in [*data["resources"], *data["gauges"]]:
        yield chart["line"]
        for child in chart["children"]:
            yield child["line"]
    yield from data["routes"]


def test_a_report_that_fails_leaves_the_old_one(tmp_path: Path) -> None:
    run = runfile.read(synthetic.empty(tmp_path / "run"))
    report = tmp_path / "report.html"
    report.write_text("old")
    with pytest.raises(KeyError):
        write_report(FAILED, run, report, "no-such-format")
    assert report.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.html", "run"]
