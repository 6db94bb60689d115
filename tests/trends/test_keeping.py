"""Each judged run goes into the store; the run directories make it anew."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from perfstress import runfile
from perfstress.errors import LibraryError
from perfstress.judge import judge
from perfstress.run import Run
from perfstress.trends import keeping
from perfstress.trends.keeping import keep, rebuild, why_not
from perfstress.trends.store import STORE, Record, opened
from perfstress.verdict import Verdict
from tests.support import synthetic
from tests.support.synthetic import Layout

SHORT = Layout(ops_per_epoch=500)


def judged(folder: Path, **changes: Any) -> tuple[Verdict, Run]:
    synthetic.soak(folder, layout=SHORT)
    runfile.amend(folder, state="complete", **changes)
    run = runfile.read(folder)
    verdict = judge(run)
    runfile.write_result(folder, verdict.as_json())
    return verdict, run


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / ".perfstress" / "runs").mkdir(parents=True)
    return tmp_path


def records(root: Path) -> list[Record]:
    with opened(root, make=False) as store:
        return store.records("checkout-soak")


def test_a_judged_run_is_kept_with_its_figures(root: Path) -> None:
    folder = root / ".perfstress/runs/checkout-soak/1"
    verdict, run = judged(
        folder, git={"commit": "a" * 40, "dirty": True}, environment={"hash": "e"}
    )
    assert keep(root, verdict, run) == ""
    (record,) = records(root)
    assert record.run == ".perfstress/runs/checkout-soak/1"
    assert (record.commit, record.dirty, record.environment) == ("a" * 40, True, "e")
    assert record.verdict == verdict.outcome.value
    assert record.figures["throughput"] == verdict.load.achieved_rate
    assert record.tier == ""


def test_the_tier_is_that_of_the_file(root: Path) -> None:
    for name, tier in (("example.yaml", "full"), ("smoke.yaml", "smoke")):
        path = f"/somewhere/regressions/checkout-soak/{name}"
        verdict, run = judged(root / ".perfstress/runs/checkout-soak" / tier, example_path=path)
        keep(root, verdict, run)
    assert sorted(record.tier for record in records(root)) == ["full", "smoke"]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"scale": 0.5}, "not of the example"),
        ({"planted": {"memory": 1.0}}, "not of the example"),
        ({"overrides": {"target.env.X": "1"}}, "not of the example"),
        ({"confirms": "another"}, "confirms"),
        ({"state": "interrupted"}, "interrupted"),
    ],
)
def test_a_run_of_something_else_is_not_kept(root: Path, changes: dict[str, Any], why: str) -> None:
    verdict, run = judged(root / ".perfstress/runs/checkout-soak/1")
    run = dataclasses.replace(run, manifest=dataclasses.replace(run.manifest, **changes))
    assert why in why_not(run)
    assert keep(root, verdict, run) == ""
    assert not (root / STORE).exists()


def test_a_store_that_cannot_be_written_is_told_once_and_harms_nothing(root: Path) -> None:
    verdict, run = judged(root / ".perfstress/runs/checkout-soak/1")
    (root / STORE).write_text("damaged, and long enough to be told from an empty file")
    told = keep(root, verdict, run)
    assert "not in the history" in told
    assert "--rebuild" in told
    assert keep(root, verdict, run) == ""


def test_the_runs_make_the_store_that_they_had_made(root: Path) -> None:
    for name in ("1", "2"):
        keep(root, *judged(root / ".perfstress/runs/checkout-soak" / name))
    before = records(root)
    (root / STORE).unlink()
    assert rebuild(root, lambda _: None) == (2, {}, None)
    assert records(root) == before


def test_the_history_outlives_the_runs(root: Path) -> None:
    keep(root, *judged(root / ".perfstress/runs/checkout-soak/1"))
    shutil.rmtree(root / ".perfstress/runs/checkout-soak")
    judged(root / ".perfstress/runs/checkout-soak/2")
    assert rebuild(root, lambda _: None)[0] == 1
    assert [record.run[-1] for record in records(root)] == ["1", "2"]


def test_what_is_damaged_is_left_out_or_put_aside_by_name(root: Path) -> None:
    shelf = root / ".perfstress/runs/checkout-soak"
    for name in ("1", "2", "3", "4"):
        judged(shelf / name)
    (shelf / "2" / runfile.RESULT).unlink()
    (shelf / "3" / runfile.RESULT).write_text('{"verd')
    (shelf / "4" / runfile.MANIFEST).write_text("{")
    (root / STORE).write_text("damaged, and long enough to be told from an empty file")
    read, left_out, aside = rebuild(root, lambda _: None)
    assert read == 1
    assert {path[-1]: why.split(":")[0] for path, why in left_out.items()} == {
        "2": "it has no verdict",
        "3": "its verdict cannot be read",
        "4": str(shelf / "4" / runfile.MANIFEST),
    }
    assert aside is not None
    assert aside.read_text().startswith("damaged")
    assert len(records(root)) == 1


def test_progress_is_told_by_the_batch(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "AT_ONCE", 2)
    for name in "12345":
        judged(root / ".perfstress/runs/checkout-soak" / name)
    told: list[int] = []
    assert rebuild(root, told.append)[0] == 5
    assert told == [2, 4]


def test_a_project_without_runs_says_so(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="no runs"):
        rebuild(tmp_path, lambda _: None)
    assert not (tmp_path / ".perfstress").exists()


def test_a_verdict_is_kept_as_json(root: Path) -> None:
    """Of a run that is read anew its verdict is what stood beside it, not what is judged today."""
    folder = root / ".perfstress/runs/checkout-soak/1"
    judged(folder)
    result = json.loads((folder / runfile.RESULT).read_text())
    runfile.write_result(folder, {**result, "verdict": "FAIL"})
    rebuild(root, lambda _: None)
    assert [record.verdict for record in records(root)] == ["FAIL"]
