"""The next example: it visits the region that it is for, and lint has nothing but its TODOs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from perfstress import loading, rules
from perfstress.shapemap import proposing
from perfstress.shapemap.positions import reach_of, shares_of
from perfstress.shapemap.regions import Gap, Region, regions_of
from perfstress.shapemap.targets import Mapped, gathered
from tests.broken.corpus import CALLS, HTTP, INPUT, ROWS, RUNS, SIDE_BY_SIDE, SQL, TCP, WS

MANY = CALLS.replace("concurrency: 2", "concurrency: 64").replace("users: 2", "users: 64")
RECKONED = CALLS.replace("  operations: 1000000\n", "")
SWEPT = (
    RECKONED.replace("kind: soak", "kind: sweep")
    .replace("  - growth == none\n", "")
    .replace(
        """    size: {lines: 40}
shape:
  model: closed
  seed: 1
  epochs: 8
  stages:
    - {name: warm-up, users: 2, ops: 1000, warmup: true}
    - {name: work, users: 2, ops: 1000000}
""",
        """    by: threads
shape:
  model: closed
  seed: 1
  size: {name: lines, values: [1, 10, 40]}
  stages:
    - {name: sizes, users: 2, ops: 1000}
""",
    )
)
ATTACHED = HTTP.replace(
    """  command: [python, -m, shop, --port, "{port}"]
  env: {DATABASE_URL: "${env:DSN:-sqlite:///{run}/shop.db}"}
  ready: {get: /healthz, within: 20s}
""",
    "  attach: {port: 8080}\n",
)
TEXTS = {
    "http": HTTP,
    "attached": ATTACHED.replace("{port}", "8080"),
    "calls": CALLS,
    "many": MANY,
    "reckoned": RECKONED,
    "swept": SWEPT,
    "runs": RUNS,
    "tcp": TCP,
    "sql": SQL,
    "ws": WS,
    "side-by-side": SIDE_BY_SIDE,
}


def base_of(folder: Path, kind: str) -> loading.Loaded:
    (folder / "rows.jsonl").write_bytes(ROWS)
    (folder / "input.csv").write_bytes(INPUT)
    path = folder / "base.yaml"
    path.write_text(TEXTS[kind].replace("@NAME@", "base"))
    loaded = loading.load(path)
    assert rules.check(loaded, folder) == [], "the base is sound"
    return loaded


def gap_of(base: loading.Loaded, region: Region) -> Gap:
    at = reach_of(base.example, base.path.parent)
    (target,) = gathered([Mapped("base.yaml", base.example, "not run", at)])
    return Gap(target, region, 1.0)


def every_gap(base: loading.Loaded) -> list[Gap]:
    target = gap_of(base, Region(("load",), "any")).target
    return [Gap(target, region, 1.0) for region in regions_of(target)]


@pytest.mark.parametrize("kind", sorted(TEXTS))
def test_every_region_of_every_workload(tmp_path: Path, kind: str) -> None:
    base = base_of(tmp_path, kind)
    gaps = every_gap(base)
    assert gaps
    for gap in gaps:
        text = proposing.draft(gap, base, {"base": base}, "next")
        trial = text.replace("sha256: TODO", f"sha256: {'0' * 64}")
        loaded, problems = loading.check_text(trial, tmp_path / "next.yaml")
        assert loaded is not None, (gap.region, problems)
        lines = text.splitlines()
        open_ends = [
            problem
            for problem in rules.check(loaded, tmp_path)
            if "TODO" not in lines[problem.line - 1]
        ]
        if kind != "side-by-side":  # its journeys have rates of their own, which no stage takes
            assert open_ends == [], (gap.region, text)
        if gap.region.ordering == "recorded" or open_ends:
            continue  # the recording is yet to come
        visits = shares_of(reach_of(loaded.example, tmp_path), gap.target.envelope)
        assert gap.region.holds(visits), (gap.region, text)


def test_the_only_todo_of_an_ordinary_draft_is_what_comes_next(tmp_path: Path) -> None:
    base = base_of(tmp_path, "http")
    text = proposing.draft(
        gap_of(base, Region(("duration",), "burst")), base, {"base": base}, "next"
    )
    assert text.count("TODO") == 1
    whole = text.replace(proposing.TODO_PATHS, "shop/next.py")
    loaded, _ = loading.check_text(whole, tmp_path / "next.yaml")
    assert loaded is not None
    assert rules.check(loaded, tmp_path) == []
    assert loaded.example.kind == "spike"
    assert "# " in text.splitlines()[0], "it says why it is there"


def test_parts_are_taken_over_word_for_word(tmp_path: Path) -> None:
    base = base_of(tmp_path, "http")
    text = proposing.draft(gap_of(base, Region(("load",), "mixed")), base, {"base": base}, "next")
    target = base.source[base.source.index("target:") : base.source.index("workload:")]
    assert target in text
    assert "response.p99 < 500ms during spike" not in text, "there is no such stage"
    assert '{"invariant": {"get": "/stats", "that": "orders == ok.buy"}}' in text


def test_a_base_in_flow_style_is_taken_over_too(tmp_path: Path) -> None:
    base = base_of(tmp_path, "calls")
    flow = "{" + ", ".join(f"{line}" for line in _flow(base)) + "}\n"
    (tmp_path / "base.yaml").write_text(flow)
    again = loading.load(tmp_path / "base.yaml")
    text = proposing.draft(gap_of(again, Region(("load",), "any")), again, {"base": again}, "next")
    loaded, problems = loading.check_text(text, tmp_path / "next.yaml")
    assert loaded is not None, problems
    assert loaded.example.target == base.example.target


def _flow(base: loading.Loaded) -> list[str]:

    return [f"{key}: {json.dumps(value)}" for key, value in base.document.items()]


def test_names_are_free_and_say_what_they_visit(tmp_path: Path) -> None:
    gap = gap_of(base_of(tmp_path, "http"), Region(("duration", "load"), "burst"))
    assert proposing.name_of(gap, []) == "shop-duration-load-burst"
    taken = ["shop-duration-load-burst", "shop-duration-load-burst-2"]
    assert proposing.name_of(gap, taken) == "shop-duration-load-burst-3"
