"""Amplified work on made-up runs with known truths: repeated statements, scans, work that rises."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfstress.detectors.amplification import detect
from perfstress.example import Probe
from perfstress.run import Run
from perfstress.statements import scanned_table
from perfstress.verdict import Outcome
from tests.support.made_runs import soaked, with_
from tests.support.stating import counting, one, sending, stating
from tests.support.synthetic import Layout, Truth

SCAN = ["Seq Scan on orders  (cost=0.00..595.00 rows=200 width=109)", "  Filter: (customer = $1)"]
COUNT = ["Aggregate  (cost=0.00..1.00 rows=1 width=8)", "  ->  Seq Scan on orders  (cost=0.0)"]
ASK = "SELECT id FROM lines WHERE purchase = $1"
LOOP = "SELECT item FROM lines WHERE id = $1"


@pytest.fixture(scope="module")
def flat(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A soak of eight epochs in which nothing grows."""
    layout = Layout(ops_per_epoch=400, success=("errors.rate < 0.1%",))
    made = soaked(tmp_path_factory.mktemp("runs") / "flat", Truth(), layout)
    target = made.example.target.model_copy(
        update={"probes": [Probe(postgres="postgresql://shop@127.0.0.1/shop")]}
    )
    return dataclasses.replace(made, example=made.example.model_copy(update={"target": target}))


def asked(run: Run, *success: str, hunts: tuple[str, ...] = ()) -> Run:
    return with_(run, success=success, hunts=hunts)


def test_a_statement_for_each_row_is_told_with_the_one_that_gives_the_rows(flat: Run) -> None:
    run = stating(counting(flat, queries=lambda ops: 11.0 * ops), one(LOOP, 10), one(ASK, 1, 10))
    (told,) = detect(run).findings
    assert (told.kind, told.label, told.fails) == ("work-amplification", "AMPLIFIED", False)
    assert "10 times for each operation" in told.summary
    assert f"once for each row of: {ASK}" in told.diagnosis
    (failed,) = detect(asked(run, hunts=("work-amplification",))).findings
    assert failed.fails


def test_as_many_statements_as_steps_are_no_loop(flat: Run) -> None:
    run = stating(counting(flat, queries=lambda ops: 4.0 * ops), one(LOOP, 4), one(ASK, 1, 10))
    assert detect(asked(run, hunts=("work-amplification",))).findings == ()


@pytest.mark.parametrize(
    ("plan", "rows", "blocks", "calls", "fires"),
    [
        (SCAN, 10, 345, 1.0, True),
        (SCAN, 10, 345, 0.01, False),  # something else's, not the operations'
        (SCAN, 1000, 345, 1.0, False),  # it gives what it reads
        (SCAN, 10, 20, 1.0, False),  # a small table is read faster whole
        (COUNT, 1, 345, 1.0, False),  # no index saves a count of everything
        (["Index Scan using x on orders"], 1, 345, 1.0, False),
        ([], 1, 345, 1.0, False),
    ],
)
def test_a_scan_that_an_index_would_save(
    flat: Run, plan: list[str], rows: float, blocks: float, calls: float, fires: bool
) -> None:
    run = stating(flat, one("SELECT * FROM orders", calls, rows, blocks), plan=plan)
    found = detect(run).findings
    assert [finding.kind for finding in found] == ["work-amplification"] * fires
    if fires:
        assert "orders from end to end" in found[0].summary
        assert "customer = $1" in found[0].diagnosis


def test_work_that_rises_with_the_work_done(flat: Run) -> None:
    """A list that every operation goes through, and lengthens."""
    run = counting(flat, queries=lambda ops: 2.0 * ops + 0.005 * ops * ops)
    (told,) = [one for one in detect(run).findings if one.label == "UNBOUNDED"]
    assert told.per_op == pytest.approx(0.01, rel=0.05)
    assert told.interval is not None
    assert told.interval[0] <= 0.01 <= told.interval[1]


@pytest.mark.parametrize(("pages", "fires"), [(40.0, False), (400.0, True)])
def test_a_small_table_is_rightly_read_whole(flat: Run, pages: float, fires: bool) -> None:
    """One that grows over the run to this many pages, read from end to end each time."""
    ops = max(sample.ops for sample in flat.samples)
    run = counting(flat, blocks=lambda done: pages * done * done / (2 * ops))
    assert [one.resource for one in detect(run).findings] == ["postgres.blocks"] * fires


def test_the_statement_that_a_rise_comes_from_is_named(flat: Run) -> None:
    """Though the last floor, behind the idle epoch, has no work before it."""
    run = stating(counting(flat, queries=lambda ops: 2.0 * ops + 0.005 * ops * ops), one(ASK, 1))
    for entry in run.evidence:
        if entry.get("probe") == "postgres":
            (told,) = entry["facts"]["statements"]
            done = told["calls"] - 7
            told["calls"] = 2 * done + 0.005 * done * done
    (found,) = [each for each in detect(run).findings if each.label == "UNBOUNDED"]
    assert f"most of it in {ASK}" in found.diagnosis


@settings(max_examples=40, deadline=None)
@given(each=st.floats(0.0, 50.0), start=st.integers(0, 10**9), extra=st.floats(0, 30))
def test_the_same_work_for_each_operation_never_rises(
    flat: Run, each: float, start: int, extra: float
) -> None:
    """However much it is, and whatever a warm-up added once."""
    run = counting(flat, queries=lambda ops: start + extra * min(ops, 300) + each * ops)
    assert [one for one in detect(run).findings if one.label == "UNBOUNDED"] == []


@pytest.mark.parametrize(
    ("each", "outcome"), [(5.0, Outcome.PASS), (6.5, Outcome.FAIL)], ids=["held", "broken"]
)
def test_a_bound_on_the_queries_of_an_operation(flat: Run, each: float, outcome: Outcome) -> None:
    run = asked(counting(flat, queries=lambda ops: 99 + each * ops), "queries.per_op <= 6")
    detection = detect(stating(run, one(LOOP, each)))
    assert detection.checks[0].outcome is outcome
    breached = [finding for finding in detection.findings if finding.label == "BREACHED"]
    assert [finding.fails for finding in breached] == [True] * (outcome is Outcome.FAIL)


def test_what_was_not_counted_is_open(flat: Run) -> None:
    run = asked(flat, "queries.per_op <= 6", hunts=("work-amplification",))
    detection = detect(run)
    assert detection.checks[0].outcome is Outcome.INCONCLUSIVE
    assert detection.doubts
    assert detection.could_not_see


def test_a_counter_that_was_reset_is_open(flat: Run) -> None:
    run = counting(flat, queries=lambda ops: 10_000.0 - ops)
    detection = detect(asked(run, "queries.per_op <= 6"))
    assert detection.checks[0].outcome is Outcome.INCONCLUSIVE
    assert "reset" in detection.checks[0].seen


def test_statements_that_were_let_go_of_leave_it_open(flat: Run) -> None:
    """What is left of the sum would be too small, and pass."""
    run = counting(flat, queries=lambda ops: 5.0 * ops, statements_evicted=lambda ops: ops // 900)
    (check,) = detect(asked(run, "queries.per_op <= 6")).checks.values()
    assert check.outcome is Outcome.INCONCLUSIVE
    assert "pg_stat_statements.max" in check.seen


@pytest.mark.parametrize(("rows", "fires"), [(20_000.0, True), (50.0, False)])
def test_without_the_extension_a_table_that_is_read_whole_is_told(
    flat: Run, rows: float, fires: bool
) -> None:
    """Whether an index would save it is not known, so it never fails."""
    run = stating(flat)
    quiet = {one.epoch: one.ops for one in run.samples if one.state == "quiescent"}
    for entry in run.evidence:
        if entry.get("probe") == "postgres":
            done = quiet[entry["epoch"]]
            del entry["facts"]["statements"]
            entry["facts"]["tables"] = [
                {"name": "public.orders", "seq_scans": 2 * done, "seq_rows": 2 * rows * done}
            ]
    found = detect(asked(run, hunts=("work-amplification",))).findings
    assert [(one.resource, one.fails) for one in found] == [("public.orders", False)] * fires


def test_two_servers_are_added_up(flat: Run) -> None:
    run = counting(
        flat,
        **{
            'queries{instance="a"}': lambda ops: 4.0 * ops,
            'queries{instance="b"}': lambda ops: 3.0 * ops,
        },
    )
    (check,) = detect(asked(run, "queries.per_op <= 6")).checks.values()
    assert check.outcome is Outcome.FAIL
    assert check.seen.startswith("7 per operation")


def test_a_scan_without_a_filter_is_none() -> None:
    assert scanned_table(SCAN) == "orders"
    assert scanned_table(COUNT) == ""


def sweeping(run: Run, *sizes: int) -> Run:
    """The run as a sweep whose epochs of work have these sizes in turn."""
    epochs = [
        dataclasses.replace(epoch, size=sizes[number % len(sizes)])
        if epoch.kind == "work"
        else epoch
        for number, epoch in enumerate(run.manifest.epochs)
    ]
    return with_(run, manifest={"epochs": tuple(epochs)})


@pytest.mark.parametrize(("each", "fires"), [(1.0, True), (0.0, False)])
def test_queries_that_go_with_the_size(flat: Run, each: float, fires: bool) -> None:
    run = sweeping(flat, 1, 10, 100)
    size_of = {epoch.index: epoch.size or 0 for epoch in run.manifest.epochs}
    counts: dict[int, float] = {}
    before, total = 0, 0.0
    for sample in run.samples:
        total += (2 + each * size_of.get(sample.epoch, 0)) * (sample.ops - before)
        before = sample.ops
        counts[sample.ops] = total
    found = detect(counting(run, queries=lambda ops: counts[ops])).findings
    assert [finding.label for finding in found] == ["AMPLIFIED"] * fires
    if fires:
        assert "102 at 100" in found[0].summary
        assert "1 more for each 1" in found[0].summary


# ---------------------------------------------------------------- Redis
def watched(run: Run) -> Run:
    """The run watched by the probe of Redis alone."""
    target = run.example.target.model_copy(update={"probes": [Probe(redis="redis://127.0.0.1")]})
    return dataclasses.replace(run, example=run.example.model_copy(update={"target": target}))


@pytest.mark.parametrize(
    ("line", "outcome"),
    [
        ("commands.per_op <= 12", Outcome.PASS),
        ("commands.per_op <= 4", Outcome.FAIL),
        ("misses.per_op <= 0.1", Outcome.PASS),
        ("misses.per_op <= 0.01", Outcome.FAIL),
    ],
)
def test_a_bound_on_what_is_asked_of_redis(flat: Run, line: str, outcome: Outcome) -> None:
    run = counting(
        watched(flat), "redis", commands=lambda ops: 11.0 * ops, misses=lambda ops: ops / 20
    )
    run = sending(run, get=lambda ops: 10.0 * ops, set=lambda ops: 1.0 * ops)
    detection = detect(asked(run, line))
    assert detection.checks[0].outcome is outcome
    broken = [found for found in detection.findings if found.label == "BREACHED"]
    if line == "commands.per_op <= 4":
        assert broken[0].diagnosis == (
            "10 × GET, 1 × SET for each operation; ask for all at once (MGET or a pipeline)"
        )
    if line == "misses.per_op <= 0.01":
        assert broken[0].diagnosis.startswith("10 × GET for each operation; look at what expires")
    assert [found.series for found in broken] == (
        [f"redis.{line.partition('.')[0]}"] * (outcome is Outcome.FAIL)
    )


def test_commands_that_were_not_counted_are_open_and_say_why(flat: Run) -> None:
    run = asked(flat, "commands.per_op <= 4")
    (check,) = detect(run).checks.values()
    assert (check.outcome, check.seen) == (
        Outcome.INCONCLUSIVE,
        "nothing counts commands: add the probe redis",
    )
    detection = detect(asked(watched(flat), "misses.per_op <= 4", hunts=("work-amplification",)))
    assert detection.checks[0].seen == "the probe redis read none"
    assert detection.doubts == ("work-amplification: the probe redis read none",)
    assert "commands per operation" in detection.could_not_see[0].text


@pytest.mark.parametrize(("calls", "fires"), [(10.0, True), (4.0, False)])
def test_a_repeated_command_is_told_and_never_fails(flat: Run, calls: float, fires: bool) -> None:
    run = counting(watched(flat), "redis", commands=lambda ops: calls * ops)
    run = sending(run, get=lambda ops: calls * ops)
    found = detect(asked(run, hunts=("work-amplification",))).findings
    assert [(one.resource, one.fails) for one in found] == [("GET", False)] * fires


def test_the_command_that_a_rise_comes_from_is_named(flat: Run) -> None:
    """Though there are more of another."""
    run = counting(watched(flat), "redis", commands=lambda ops: 52.0 * ops + 0.005 * ops * ops)
    run = sending(run, set=lambda ops: 50.0 * ops, get=lambda ops: 2.0 * ops + 0.005 * ops * ops)
    (found,) = [one for one in detect(run).findings if one.label == "UNBOUNDED"]
    assert found.resource == "redis.commands"
    assert found.diagnosis.startswith("most of it in GET: ")
    assert found.diagnosis.endswith("in the end; ask for all at once (MGET or a pipeline)")


def test_misses_that_rise_while_commands_do_not_name_the_lookup(flat: Run) -> None:
    """Not the commands that look nothing up, of which there are more."""
    run = counting(
        watched(flat),
        "redis",
        commands=lambda ops: 4.0 * ops,
        misses=lambda ops: 0.005 * ops * ops,
    )
    run = sending(run, set=lambda ops: 3.0 * ops, mget=lambda ops: 1.0 * ops)
    (found,) = detect(asked(run, hunts=("work-amplification",))).findings
    assert (found.resource, found.fails) == ("redis.misses", True)
    assert found.diagnosis.startswith("no command is sent more often than at first: 1 × MGET for")
