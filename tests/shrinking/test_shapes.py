"""Steps that make an example smaller: never larger, always valid once fitted."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from perfstress import library, loading, plan, rules, yamlio
from perfstress.shrinking import PASSES, fitting, journeys
from perfstress.shrinking.fitting import REASON
from perfstress.shrinking.shapes import fewer_journeys, fewer_stages, less_work, lower_level

ROOT = Path(__file__).parents[2]
EXAMPLES = [
    path
    for path in sorted((ROOT / "worked_examples").glob("*.yaml"))
    if path.stem in ("checkout-black-friday", "checkout-soak", "checkout-stalled", "invoice-sizes",
                     "checkout-side-by-side", "ticket-numbers", "price-invoice-loop")
]  # fmt: skip


def read(path: Path) -> dict[str, Any]:
    document = yamlio.plain(path.read_text())
    assert document is not None
    return document


@pytest.fixture
def beside(tmp_path: Path) -> Path:
    """Where an example lies when it is shrunk: a folder with its name, its data in it."""

    def laid(path: Path) -> Path:
        folder = tmp_path / path.stem
        shutil.copytree(path.parent / "data", folder / "data")
        return folder / library.SMOKE

    return laid  # type: ignore[return-value]


def amount(example: Any, folder: Path) -> tuple[int, float, float, int, int]:
    planned = plan.epochs(example, folder=folder)
    return (
        len(plan.journey_mix(example)),
        plan.total_ops(planned),
        plan.highest_level(planned),
        sum(epoch.duration_ns or 0 for epoch in planned if epoch.kind != "idle"),
        len(planned) + len(example.faults) + len(example.target.probes),
    )


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_step_that_fits_is_valid_and_smaller(path: Path, beside: Any) -> None:
    file = beside(path)
    whole = fitting(read(path), file, ROOT)
    assert whole is not None
    before = amount(loading.load(file).example, file.parent)
    found = 0
    for offers in PASSES:
        for step in list(offers(whole))[:4]:
            smaller = fitting(step.shape, file, ROOT)
            if smaller is None:
                continue
            loaded = loading.load(file)
            assert not rules.check(loaded, ROOT), step.what
            after = amount(loaded.example, file.parent)
            assert all(new <= old + 1e-6 for new, old in zip(after, before, strict=True)), step.what
            found += 1
    assert found, "nothing could be left out"


def test_what_is_no_longer_reached_is_waived_by_name(beside: Any) -> None:
    path = ROOT / "worked_examples" / "checkout-soak.yaml"
    file = beside(path)
    whole = read(path)
    smaller = next(iter(less_work(whole)))
    fitted = fitting(smaller.shape, file, ROOT)
    assert fitted is not None
    assert fitted["production"]["waive"] == {"duration": REASON}
    assert "waive" not in (fitting(whole, file, ROOT) or {})["production"]


def test_what_is_no_example_any_more_does_not_fit(beside: Any) -> None:
    path = ROOT / "worked_examples" / "checkout-soak.yaml"
    document = read(path)
    document["shape"]["stages"] = [document["shape"]["stages"][0]]  # the warm-up alone
    assert fitting(document, beside(path), ROOT) is None


def test_what_speaks_of_a_journey_goes_with_it() -> None:
    document = read(ROOT / "worked_examples" / "checkout-black-friday.yaml")
    document["success"].append("response.p99 < 1s of buy")
    gone = next(
        step.shape
        for step in fewer_journeys(document)
        if ("http", "buy") not in journeys(step.shape)
    )
    assert not [line for line in gone["success"] if "buy" in str(line)]
    assert [line for line in document["success"] if "buy" in str(line)]
    assert not [stage for stage in gone["shape"]["stages"] if "buy" in stage.get("mix", {})]


def test_what_speaks_of_a_stage_goes_with_it() -> None:
    document = read(ROOT / "worked_examples" / "checkout-black-friday.yaml")
    gone = next(
        step.shape
        for step in fewer_stages(document)
        if "spike" not in [stage["name"] for stage in step.shape["shape"]["stages"]]
    )
    assert not [line for line in gone["success"] if "spike" in str(line)]


def test_levels_and_work_end_where_the_judge_has_nothing_left() -> None:
    document = read(ROOT / "worked_examples" / "checkout-soak.yaml")
    for offers in (less_work, lower_level):
        shape = document
        for _ in range(60):
            steps = list(offers(shape))
            if not steps:
                break
            shape = steps[0].shape
        else:
            pytest.fail("it gets smaller for ever")
        day = shape["shape"]["stages"][1]
        assert day["ops"] >= 64
        assert day["users"] >= 1
