"""What people and other programs are told of a replay, made up here."""

from __future__ import annotations

import io
import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from perfstress import library
from perfstress.errors import ExitCode
from perfstress.replaying import junit, markdown, table
from perfstress.replaying.plan import LeftOut, Plan, Planned
from perfstress.replaying.results import SEVERITY, Replayed, Summary
from perfstress.replaying.wanted import Wanted
from perfstress.verdict import Finding
from tests.support.golden import Golden

LEAK = Finding(
    kind="memory-growth",
    resource="memory",
    label="UNBOUNDED",
    summary="memory grows by 3.1 KiB per operation; 512 MiB are full after 28 min <at 200/s>",
    per_op=3174.4,
    unit="B/op",
    interval=(2900.0, 3400.0),
    exhausts_in_s=1680.0,
    limit=2**29,
    confirmed=True,
)
TOLD = Finding(
    kind="knee", resource="rate", label="KNEE", summary="the knee is at 190/s", fails=False
)


def result(name: str, verdict: str, code: ExitCode, seconds: float, **more: object) -> Replayed:
    return Replayed(name, "full", verdict, code, seconds, **more)  # type: ignore[arg-type]


RESULTS = (
    result("leaky", "FAIL", ExitCode.FAIL, 312.4, findings=(LEAK, TOLD), run=".perfstress/runs/x"),
    result(
        "busy",
        "INCONCLUSIVE",
        ExitCode.INCONCLUSIVE,
        64.0,
        problem="the load was not real: slip p99 was 80 ms",
        hint="run it on a quieter machine",
        unclear=("the load was not real: slip p99 was 91 ms",),
    ),
    result(
        "broken",
        "ERROR",
        ExitCode.USAGE,
        0.0,
        problem="regressions/broken/data.csv: not what was promoted (sha256 a1b2… expected)",
        hint="restore it from git",
        slug="entry-changed",
    ),
    result("late", "PASS", ExitCode.PASS, 40.0, unclear=("the load was not real",)),
    result("well", "PASS", ExitCode.PASS, 12.3),
)
LEFT = (LeftOut("long", "budget: it takes about 8.2 min, and 51 s is left"),)
PLAN = Plan(Wanted(tier="full", shard=(1, 2)), (), LEFT)
SUMMARY = Summary(PLAN, RESULTS, LEFT, seconds=429.0)


def written(report: object, summary: Summary = SUMMARY) -> str:
    out = io.StringIO()
    report(summary, out)  # type: ignore[operator]
    return out.getvalue()


def test_the_summary_in_lines(golden: Golden) -> None:
    golden.check("replay.txt", written(table.summary))


def test_the_summary_as_markdown(golden: Golden) -> None:
    golden.check("replay.md", written(markdown.report))


def test_the_summary_as_junit(golden: Golden) -> None:
    golden.check("replay.xml", written(junit.report))


def test_the_plan_in_lines(golden: Golden) -> None:
    entry = library.Entry("leaky", Path("regressions/leaky"), {})
    planned = (
        Planned(entry, Path("example.yaml"), 300.0, ("changed: shop/app.py and 2 more",)),
        Planned(library.Entry("well", Path("w"), {}), Path("smoke.yaml"), 12.0),
    )
    out = io.StringIO()
    table.plan(Plan(Wanted(tier="full", budget_s=330.0), planned, LEFT), out)
    golden.check("replay-plan.txt", out.getvalue())


def test_junit_counts_what_it_holds() -> None:
    suite = ElementTree.fromstring(written(junit.report))
    assert {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "6",
        "failures": "1",
        "errors": "2",
        "skipped": "1",
    }


def test_a_comment_is_never_longer_than_a_comment_may_be() -> None:
    many = tuple(result(f"entry-{n}", "PASS", ExitCode.PASS, 1.0) for n in range(5_000))
    text = written(markdown.report, Summary(PLAN, (RESULTS[0], *many)))
    assert len(text) < 65_536
    assert "memory grows by 3.1 KiB" in text
    assert "too many to be told here" in text
    bad = tuple(
        result(f"entry-{n}", "FAIL", ExitCode.FAIL, 1.0, findings=(LEAK,)) for n in range(5_000)
    )
    text = written(markdown.report, Summary(PLAN, bad))
    assert len(text) < 65_536
    assert "There is more than a comment takes" in text


def test_a_result_comes_back_from_the_journal_as_it_was() -> None:
    for one in RESULTS:
        assert Replayed.from_json(json.loads(json.dumps(one.as_json()))) == one


@pytest.mark.parametrize("code", list(SEVERITY))
def test_the_worst_entry_decides(code: ExitCode) -> None:
    results = (
        result("a", "PASS", ExitCode.PASS, 1.0),
        result("b", "x", code, 1.0),
        result("c", "PASS", ExitCode.PASS, 1.0),
    )
    assert Summary(PLAN, results).exit_code == code


def test_a_failure_is_worse_than_all_else() -> None:
    results = tuple(result(code.name, "x", code, 1.0) for code in SEVERITY)
    assert Summary(PLAN, results).verdict == "FAIL"


def test_a_budget_that_lets_nothing_run_is_no_pass() -> None:
    assert Summary(PLAN, (), LEFT).verdict == "INCONCLUSIVE"
    unchanged = (LeftOut("a", "nothing of it has changed since main"),)
    assert Summary(PLAN, (), unchanged).verdict == "PASS"


def test_what_was_interrupted_is_no_pass() -> None:
    summary = Summary(PLAN, RESULTS[-1:], LEFT, interrupted=True)
    assert (summary.verdict, summary.exit_code) == ("INTERRUPTED", ExitCode.INTERRUPTED)
    assert "--resume" in written(table.summary, summary)
    assert "was interrupted" in written(markdown.report, summary)
