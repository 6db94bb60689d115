"""Which entries are planned, in which order, and why the others are not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from perfstress import library
from perfstress.errors import LibraryError
from perfstress.replaying import plan as plans
from perfstress.replaying.plan import LeftOut, Planned
from perfstress.replaying.wanted import Wanted
from tests.support.shelf import Shelf


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "shop")


def made(shelf: Shelf, wanted: Wanted | None = None) -> tuple[list[str], dict[str, str]]:
    """The names in order, and why the others are left out."""
    plan = plans.make(shelf.root, wanted or Wanted())
    return [one.name for one in plan.planned], {left.name: left.why for left in plan.left_out}


def replayed_before(shelf: Shelf, *lines: tuple[str, str, float], commit: str) -> None:
    own = shelf.root / ".perfstress"
    own.mkdir(exist_ok=True)
    data = [
        {"name": name, "at": "2026-11-20", "verdict": verdict, "seconds": s, "commit": commit}
        for name, verdict, s in lines
    ]
    (own / "replays.jsonl").write_text("".join(json.dumps(one) + "\n" for one in data))


def test_what_changed_runs_first_then_what_was_in_trouble_then_the_cheapest(shelf: Shelf) -> None:
    for name, seconds in (("dear", 9.0), ("cheap", 1.0), ("open", 5.0), ("bad", 7.0), ("new", 8.0)):
        shelf.add(name, seconds=seconds)
    commit = shelf.commit("all")
    tries = [("open", "INCONCLUSIVE"), ("bad", "FAIL"), ("dear", "PASS"), ("cheap", "PASS")]
    before = [*((name, "PASS", 3.0) for name in ("open", "bad", "new"))]
    after = [(name, verdict, 3.0) for name, verdict in tries]
    replayed_before(shelf, *before, *after, commit=commit)
    (shelf.root / "touched" / "new.py").write_text("# edited\n")
    names, _ = made(shelf)
    assert names == ["new", "bad", "open", "cheap", "dear"]
    plan = plans.make(shelf.root, Wanted())
    assert plan.planned[0].why == ("changed: touched/new.py",)
    assert plan.planned[1].why == ("FAIL on 2026-11-20",)
    assert plan.seconds == 15.0  # as it was here, not as it was promoted


def test_a_commit_after_the_last_pass_is_a_change(shelf: Shelf) -> None:
    shelf.add("a", seconds=1.0)
    shelf.add("b", seconds=2.0)
    first = shelf.commit("all")
    (shelf.root / "touched" / "b.py").write_text("# other\n")
    second = shelf.commit("b changed")
    replayed_before(shelf, ("a", "PASS", 1.0), ("b", "PASS", 2.0), commit=first)
    assert made(shelf)[0] == ["b", "a"]
    replayed_before(shelf, ("a", "PASS", 1.0), ("b", "PASS", 2.0), commit=second)
    assert made(shelf)[0] == ["a", "b"]


def test_only_what_changed_since_is_run_and_the_others_are_listed(shelf: Shelf) -> None:
    for name in ("code", "frozen", "page", "same", "edited"):
        shelf.add(name)
    first = shelf.commit("all")
    (shelf.root / "touched" / "code.py").write_text("# other\n")
    (shelf.root / "regressions" / "frozen" / "data.csv").write_text("1\n")
    (shelf.root / "regressions" / "page" / "README.md").write_text("prose\n")
    shelf.commit("second")
    (shelf.root / "touched" / "edited.py").write_text("# other\n")
    names, left = made(shelf, Wanted(changed_since=first))
    assert sorted(names) == ["code", "edited", "frozen"]
    assert left == dict.fromkeys(("page", "same"), f"nothing of it has changed since {first}")


def test_what_cannot_be_known_to_be_unchanged_is_run(shelf: Shelf) -> None:
    shelf.add("blind")
    (shelf.root / "regressions" / "blind" / "example.yaml").write_text("{")
    shelf.add("half")
    (shelf.root / "regressions" / "half" / "baseline.json").write_text("{")
    commit = shelf.commit("all")
    assert sorted(made(shelf, Wanted(changed_since=commit))[0]) == ["blind", "half"]


def test_what_lies_in_another_repository_is_run(shelf: Shelf) -> None:
    folder = shelf.add("far")
    document = shelf.document("far")
    document["implementation"]["repo"] = "../far"
    (folder / "example.yaml").write_text(yaml.safe_dump(document))
    shelf.add("farther", implementation=[])
    commit = shelf.commit("all")
    plan = plans.make(shelf.root, Wanted(changed_since=commit))
    assert [one.name for one in plan.planned] == ["far", "farther"]
    assert plan.planned[0].why == ("its implementation is not known",)


def test_the_paths_of_a_baseline_need_no_example(shelf: Shelf) -> None:
    folder = shelf.add("shop", implementation=["elsewhere/**"])
    (folder / "example.yaml").write_text("{")
    assert library.entry(folder).implementation == ("elsewhere/**",)


def test_shards_together_are_the_tier(shelf: Shelf) -> None:
    for number in range(7):
        shelf.add(f"e{number}", seconds=float(number * number))
    shelf.add("long", seconds=3600.0)
    shelf.commit("all")
    everything = made(shelf)[0]
    assert len(everything) == 7
    parts = [made(shelf, Wanted(shard=(number, 3))) for number in (1, 2, 3)]
    assert sorted(name for names, _ in parts for name in names) == sorted(everything)
    assert all(len(names) + len(left) == 8 for names, left in parts)
    elsewhere = parts[0][1]
    assert elsewhere.pop("long").startswith("not part of tier smoke")
    assert all(why.startswith("part of shard ") for why in elsewhere.values())


def test_what_was_measured_here_does_not_move_an_entry_to_another_shard(shelf: Shelf) -> None:
    for number in range(6):
        shelf.add(f"e{number}", seconds=float(number))
    commit = shelf.commit("all")
    before = sorted(made(shelf, Wanted(shard=(1, 2)))[0])
    replayed_before(shelf, ("e5", "PASS", 0.1), ("e0", "FAIL", 500.0), commit=commit)
    assert sorted(made(shelf, Wanted(shard=(1, 2)))[0]) == before


def planned(seconds: list[float]) -> list[Planned]:
    return [
        Planned(library.Entry(f"e{number}", Path("x"), {}), Path("x/example.yaml"), each)
        for number, each in enumerate(seconds)
    ]


@given(
    st.lists(st.floats(0.0, 5_000.0), max_size=30),
    st.floats(0.001, 10_000.0),
)
def test_a_plan_never_exceeds_its_budget_and_forgets_nobody(
    seconds: list[float], budget_s: float
) -> None:
    entries = planned(seconds)
    left: list[LeftOut] = []
    kept = plans.within(entries, budget_s, left)
    assert sum(one.seconds for one in kept) <= budget_s * (1 + 1e-9)
    assert {one.name for one in kept} | {one.name for one in left} == {one.name for one in entries}
    assert len(kept) + len(left) == len(entries)
    room = budget_s - sum(one.seconds for one in kept)
    cut = {one.name for one in left}
    assert all(one.seconds > room - 1e-6 for one in entries if one.name in cut)


def test_an_entry_that_does_not_fit_makes_room_for_smaller_ones(shelf: Shelf) -> None:
    for name, seconds in (("a", 10.0), ("b", 50.0), ("c", 55.0)):
        shelf.add(name, seconds=seconds)
    shelf.commit("all")
    names, left = made(shelf, Wanted(budget_s=62.0))
    assert names == ["a", "b"]
    assert left == {"c": "budget: it takes about 55 s, and 2 s is left"}


def test_a_name_that_is_unknown_names_the_known(shelf: Shelf) -> None:
    shelf.add("a")
    with pytest.raises(LibraryError) as refused:
        plans.make(shelf.root, Wanted(names=("a", "x", "y")))
    assert refused.value.message == "no entry named x, y in regressions/"
    assert refused.value.hint == "there are: a"


def test_a_name_twice_is_one_entry(shelf: Shelf) -> None:
    shelf.add("a")
    assert made(shelf, Wanted(names=("a", "a")))[0] == ["a"]


@pytest.mark.parametrize(
    "baseline",
    [
        *({"seconds": seconds} for seconds in ("long", None, -1, True, float("inf"))),
        {"commit": ["c"]},
        {"files": ["example.yaml"]},
        {"files": {"example.yaml": 5}},
    ],
    ids=str,
)
def test_a_baseline_that_holds_something_else_is_damaged_and_planned(
    shelf: Shelf, baseline: dict[str, Any]
) -> None:
    shelf.add("a", **baseline)
    plan = plans.make(shelf.root, Wanted())
    assert plan.planned[0].entry.problem is not None
    assert "damaged" in plan.planned[0].why
