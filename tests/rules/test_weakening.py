"""Which edits of an example make it easier to pass."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfstress import example as example_models
from perfstress.rules import weakening

TEXT = """\
production: {rate: 100/s, concurrency: 10, operations: 1000, size: {items: 40}}
target:
  limits: {memory: 512MiB}
  probes: [{redis: "redis://127.0.0.1"}, {host: true}]
workload: {http: {journeys: {beat: {rate: 5/s}}}}
shape:
  epochs: 8
  timeout: 10s
  stages:
    - {name: warm-up, users: 5, ops: 10, warmup: true}
    - {name: work, users: 10, ops: 1000}
    - {name: ramp, from: 1/s, to: 100/s, for: 60s}
    - {name: climb, climb: {from: 150/s, to: 8000/s, factor: 1.5, each: 9s}}
faults:
  - {name: stall, at: 5s, signal: STOP, for: 6s}
  - {at: 20s, proxy: {throttle: 9KiB/s}, for: 7s, to: db}
counters:
  - {name: id, from: ops, bits: 16}
success:
  - errors.rate < 0.1%
  - response.p99 < 500ms during work
  - rate >= 90/s
  - growth == none
  - invariant: {get: /stats, that: "orders == ok.buy"}
"""


def edited(old: str, new: str) -> list[tuple[str, object, object]]:
    assert TEXT.count(old) == 1
    return [
        (change["field"], change["before"], change["after"])
        for change in weakening(TEXT, TEXT.replace(old, new))
    ]


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("rate: 100/s, c", "rate: 99/s, c", "production.rate"),
        ("name: stall", "name: other", "faults.stall"),
        ("{name: id, from: ops, bits: 16}", "{name: no, from: ops, bits: 16}", "counters.id"),
        ("bits: 16", "bits: 31", "counters.id.bits"),
        ("bits: 16", "bits: 16, wraps: true", "counters.id.wraps"),
        ("for: 6s", "for: 1s", "faults.stall.for"),
        (", for: 7s", "", "faults.fault-2.for"),
        ("signal: STOP", "signal: HUP", "faults.stall.signal"),
        ("9KiB/s", "90KiB/s", "faults.fault-2.proxy.throttle"),
        ("concurrency: 10", "concurrency: 9", "production.concurrency"),
        ("operations: 1000", "operations: 999", "production.operations"),
        (", operations: 1000", "", "production.operations"),
        ("items: 40", "items: 39", "production.size.items"),
        ("size: {items: 40}", "waive: {size: dear}", "production.size.items"),
        ("memory: 512MiB", "memory: 1GiB", "target.limits.memory"),
        (", {host: true}", "", "target.probes.host"),
        ("epochs: 8", "epochs: 4", "shape.epochs"),
        ("{rate: 5/s}", "{rate: 4/s}", "workload.http.journeys.beat.rate"),
        ("beat: {rate: 5/s}", "other: {rate: 5/s}", "workload.http.journeys.beat.rate"),
        ("timeout: 10s", "timeout: 1m", "shape.timeout"),
        ("users: 10, ops: 1000", "users: 9, ops: 1000", "shape.stages.work.users"),
        ("users: 10, ops: 1000", "users: 10, ops: 10", "shape.stages.work.ops"),
        ("to: 100/s", "to: 50/s", "shape.stages.ramp.to"),
        ("for: 60s", "for: 59s", "shape.stages.ramp.for"),
        ("    - {name: work, users: 10, ops: 1000}\n", "", "shape.stages.work"),
        ("ops: 1000}\n", "ops: 1000, warmup: true}\n", "shape.stages.work.warmup"),
        ("errors.rate < 0.1%", "errors.rate < 0.2%", "success"),
        ("< 500ms during work", "< 501ms during work", "success"),
        ("rate >= 90/s", "rate >= 80/s", "success"),
        ("  - growth == none\n", "", "success"),
        ('  - invariant: {get: /stats, that: "orders == ok.buy"}\n', "", "success"),
        ("< 500ms during work", "< 500ms during ramp", "success"),
    ],
)
def test_what_weakens(old: str, new: str, field: str) -> None:
    assert field in [changed for changed, _, _ in edited(old, new)]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("rate: 100/s, c", "rate: 6000/m, c"),
        ("rate: 100/s, c", "rate: 200/s, c"),
        ("memory: 512MiB", "memory: 256MiB"),
        ("timeout: 10s", "timeout: 1s"),
        ("users: 5, ops: 10, ", "users: 1, ops: 1, "),
        ("users: 10, ops: 1000", "users: 20, ops: 2e3"),
        ("errors.rate < 0.1%", "errors.rate < 0.05%"),
        ("errors.rate < 0.1%", "errors.rate <= 0.1%"),
        ("rate >= 90/s", "rate >= 95/s"),
        ("success:", "success:\n  - fds.max < 10"),
    ],
)
def test_what_does_not(old: str, new: str) -> None:
    assert edited(old, new) == []


def test_the_change_is_told_as_it_was_written() -> None:
    assert edited("for: 60s", "for: 5s") == [("shape.stages.ramp.for", "60s", "5s")]


HTTP = """\
kind: spike
hunts: [no-recovery, fd-growth]
implementation: {repo: ../shop, paths: ["shop/**", "lib/**"]}
workload:
  http:
    journeys:
      buy:
        steps:
          - {post: /login, expect: {status: 200, json: {state: open}}}
          - {post: /pay, expect: {status: 201}}
          - {think: 1s}
          - {post: /pay, expect: {status: 202}}
      browse: {weight: 2, steps: [{get: /}]}
  runs: {expect: {exit: 1}}
shape:
  model: open
  max_in_flight: 100
  stages:
    - {name: day, arrivals: {file: day.txt, sha256: ab}}
    - {name: up, steps: {from: 10/s, to: 90/s, by: 10/s, each: 5s}}
counters:
  - {name: id, from: ops, bits: 16, start: 5, preset: {env: {N: "65000"}}}
"""


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        (", fd-growth]", "]", "hunts"),
        (', "lib/**"]', "]", "implementation.paths"),
        ("repo: ../shop", "repo: ../other", "implementation.repo"),
        ("      browse: {weight: 2, steps: [{get: /}]}\n", "", "workload.http.journeys.browse"),
        ("          - {post: /login, expect: {status: 200, json: {state: open}}}\n", "",
         "workload.http.journeys.buy.steps"),
        ("status: 200, ", "", "workload.http.journeys.buy.steps.expect.status"),
        (", json: {state: open}", "", "workload.http.journeys.buy.steps.expect.json"),
        ("status: 202", "status: [202, 500]", "workload.http.journeys.buy.steps.expect.status"),
        ("exit: 1", "exit: [0, 1]", "workload.runs.expect.exit"),
        ("json: {state: open}", "json: {}", "workload.http.journeys.buy.steps.expect.json"),
        ("model: open", "model: closed", "shape.model"),
        ("model: open", "model: open\n  arrivals: uniform", "shape.arrivals"),
        ("max_in_flight: 100", "max_in_flight: 10", "shape.max_in_flight"),
        ("{name: day, arrivals: {file: day.txt, sha256: ab}}", "{name: day, rate: 1/s, for: 1s}",
         "shape.stages.day.arrivals"),
        ("by: 10/s", "by: 40/s", "shape.stages.up.steps.by"),
        ("start: 5", "start: 60000", "counters.id.start"),
        ('N: "65000"', 'N: "1"', "counters.id.preset"),
    ],
)  # fmt: skip
def test_what_weakens_a_workload(old: str, new: str, field: str) -> None:
    assert HTTP.count(old) == 1
    assert field in [change["field"] for change in weakening(HTTP, HTTP.replace(old, new))]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("- {think: 1s}", "- {think: 0.5s}"),
        ("weight: 2", "weight: 3"),
        ("exit: 1", "exit: 2"),  # another demand, and no weaker one
        ("status: 202", "status: 201"),
        ("kind: spike", "kind: load"),
        ("kind: spike", "title: More\nkind: spike"),
        ('paths: ["shop/**"', 'paths: ["shop/**", "more/**"'),
        ("max_in_flight: 100", "max_in_flight: 200"),
    ],
)
def test_what_does_not_weaken_a_workload(old: str, new: str) -> None:
    assert weakening(HTTP, HTTP.replace(old, new)) == []


@pytest.mark.parametrize("text", ["", "- a", "a: [", "success: 5", "shape: {stages: {a: 1}}"])
def test_what_cannot_be_compared_is_no_weakening_and_no_error(text: str) -> None:
    assert weakening(text, TEXT) == []


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("to: 8000/s", "to: 800/s", "to"),
        ("factor: 1.5", "factor: 3", "factor"),  # a knee is known to within the factor
        ("each: 9s", "each: 3s", "each"),
    ],
)
def test_a_lower_or_coarser_climb_is_weaker(old: str, new: str, field: str) -> None:
    [change] = edited(old, new)
    assert change[0] == f"shape.stages.climb.climb.{field}"
    assert edited("from: 150/s", "from: 100/s") == []


SIZES = "shape: {size: {name: lines, values: [1, 10, 100]}}"


def test_a_size_that_is_no_longer_visited() -> None:
    (change,) = weakening(SIZES, SIZES.replace("10, 100", "100"))
    assert (change["field"], change["before"], change["after"]) == ("shape.size.values", 10, None)
    assert list(weakening(SIZES, SIZES.replace("100]", "100, 1000]"))) == []
    around = "shape: {size: {name: bytes, around: 64KiB}}"
    (change,) = weakening(around, around.replace("64KiB", "4KiB"))
    assert change["field"] == "shape.size.around"


# Each field of an example either may weaken it, and is compared, or does not. A new one is to be
# put here: whoever adds it decides.
COMPARED = {
    "WorkedExample": "hunts production implementation target workload faults counters shape "
    "success",
    "Production": "rate concurrency size operations horizon waive",
    "Implementation": "repo paths",
    "Shape": "model arrivals epochs journeys stages max_in_flight timeout size",
    "Stage": "name rate users from_ to steps climb for_ ops iterations arrivals warmup",
    "Stairs": "from_ to by each",
    "Climb": "from_ to factor each",
    "Size": "values around",
    "Counter": "name from_ bits edge start wraps preset",
    "Fault": "name signal restart run to for_ proxy",
    "ProxyFault": "delay throttle cut",
    "Runs": "expect",
    "Calls": "size",
}
NEUTRAL = {
    "WorkedExample": "perfstress name title kind phase services allow_hosts",
    "Production": "source",  # words
    "Implementation": "",
    "Shape": "seed processes pin",
    "Stage": "pause mix",  # a pause is part of the stage that is gone; a mix has no order
    "Stairs": "",
    "Climb": "",
    "Size": "name text as_",
    "Counter": "",
    "Fault": "at during",  # when it comes; too late is refused
    "ProxyFault": "",
    "Runs": "input",  # its size is the envelope's
    "Calls": "by",
}


@pytest.mark.parametrize("model", sorted(COMPARED))
def test_each_field_is_compared_or_known_to_be_neutral(model: str) -> None:
    fields = set(getattr(example_models, model).model_fields)
    assert fields == {*COMPARED[model].split(), *NEUTRAL[model].split()}


@given(factor=st.integers(2, 1000), seconds=st.integers(1, 10_000), users=st.integers(1, 10_000))
def test_less_is_weaker_and_more_is_not(factor: int, seconds: int, users: int) -> None:
    def text(s: int, n: int) -> str:
        return f"shape: {{stages: [{{name: a, users: {n}, for: {s}s}}]}}"

    small, large = text(seconds, users), text(seconds * factor, users * factor)
    assert [change["field"] for change in weakening(large, small)] == [
        "shape.stages.a.users",
        "shape.stages.a.for",
    ]
    assert weakening(small, large) == []
    assert weakening(small, small) == []
