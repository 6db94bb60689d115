"""Where one run lies: by what it did, against the production of its own example."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from perfstress import runfile
from perfstress.run import Run
from perfstress.shapemap.lying import lying_of
from tests.broken.corpus import CALLS, HTTP, ROWS
from tests.support.kept import keep_run


def run_of(tmp_path: Path, text: str) -> Run:
    (tmp_path / "rows.jsonl").write_bytes(ROWS)
    example = tmp_path / "worked_examples" / "one.yaml"
    example.parent.mkdir()
    example.write_text(text.replace("@NAME@", "one"))
    return runfile.read(keep_run(tmp_path, example, "100000"))


def test_a_soak_that_did_all_of_it(tmp_path: Path) -> None:
    lies = lying_of(run_of(tmp_path, CALLS), 1_000_000)
    assert lies.reached == ("size", "duration", "load")
    assert lies.missed == ()
    assert [axis.label for axis in lies.picture.axes] == ["lines", "duration", "load"]


def test_what_was_done_counts_and_not_what_was_planned(tmp_path: Path) -> None:
    lies = lying_of(run_of(tmp_path, CALLS), 1000)
    assert lies.reached == ("size", "load")
    assert lies.missed == ("duration 0.001×",)


def test_a_spike_with_its_orderings(tmp_path: Path) -> None:
    lies = lying_of(run_of(tmp_path, HTTP), 2600)
    assert lies.reached == ("size", "load"), "lint held the rows to production"
    assert lies.orderings == ("shuffled", "mixed", "burst")


def test_a_run_without_work_lies_nowhere(tmp_path: Path) -> None:
    run = run_of(tmp_path, CALLS)
    run = dataclasses.replace(run, manifest=dataclasses.replace(run.manifest, epochs=()))
    lies = lying_of(run, 0)
    assert lies.reached == ("size",)
    assert lies.missed == ("duration 0×", "load ?")
