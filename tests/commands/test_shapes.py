"""``perfstress shapes``: the drawing at two widths, and the JSON that others rely on."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from perfstress.commands.shapes import shapes
from perfstress.errors import ExitCode, UsageError
from tests.broken.corpus import CALLS
from tests.support.golden import Golden
from tests.support.kept import keep_entry, keep_run

HTTP = """\
perfstress: 1
name: shop-ordinary
title: Ten minutes of ordinary load
kind: load
phase: shop
hunts: [no-recovery]
production: {rate: 100/s, concurrency: 50, size: {items: 40}, horizon: 14d, source: access log}
implementation: {paths: ["shop/**"]}
target: {command: [python, -m, shop, --port, "{port}"]}
workload:
  http:
    base_url: "http://127.0.0.1:{port}"
    journeys: {browse: {steps: [{get: /}]}, buy: {steps: [{get: /}]}}
shape:
  model: open
  seed: 1
  stages: [{name: ordinary, rate: 20/s, for: 10m}]
success: [errors.count == 0]
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A soak that was promoted, one that was never run, and a server that was run once."""
    (tmp_path / ".git").mkdir()
    folder = tmp_path / "worked_examples"
    folder.mkdir()
    soak = folder / "price-soak.yaml"
    soak.write_text(
        CALLS.replace("@NAME@", "price-soak").replace("kind: soak", "kind: soak\nphase: pricing")
    )
    keep_entry(tmp_path, soak, summary={"operations": 1_000_000})
    spike = folder / "price-spike.yaml"
    spike.write_text(
        CALLS.replace("@NAME@", "price-spike")
        .replace("kind: soak", "kind: spike\nphase: pricing")
        .replace("  epochs: 8\n", "")
        .replace("{name: work, users: 2, ops: 1000000}", "{name: burst, users: 2, ops: 100}")
    )
    shop = folder / "shop-ordinary.yaml"
    shop.write_text(HTTP)
    keep_run(tmp_path, shop, "100000", operations=12_000)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*wanted: str, as_json: bool = False) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    assert shapes(wanted, as_json=as_json, out=out, err=err) is ExitCode.PASS
    return out.getvalue(), err.getvalue()


@pytest.mark.parametrize("columns", [80, 60])
def test_the_drawing(
    project: Path, golden: Golden, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    told, _ = run()
    assert max(map(len, told.splitlines())) <= columns
    golden.check(f"text/shapes-{columns}.txt", told)


def test_many_targets_are_a_line_each(project: Path) -> None:
    for number in range(4):
        text = CALLS.replace("@NAME@", f"more-{number}").replace("price", f"price{number}")
        (project / "worked_examples" / f"more-{number}.yaml").write_text(text)
    told, _ = run()
    assert "shop.pricing:price2: 1 example, 0 of " in " ".join(told.split())
    assert "size+load" not in told
    assert "6 targets, 7 of " in told
    assert "size+load" in run("pricing")[0]


def test_the_json_has_every_example_region_and_gap(project: Path) -> None:
    told, text = run(as_json=True)
    assert "python -m shop" in text, "people read the other stream"
    data: dict[str, Any] = json.loads(told)
    assert {one["name"]: one["state"] for one in data["examples"]} == {
        "price-soak": "promoted",
        "price-spike": "not run",
        "shop-ordinary": "passed",
    }
    soak = next(one for one in data["examples"] if one["name"] == "price-soak")
    assert soak["visited"] == [{"size": {"lines": 1.0}, "duration": 1.0, "load": 1.0}]
    regions = {
        (target["name"], *one["at_production"], one["ordering"]): one["state"]
        for target in data["targets"]
        for one in target["regions"]
    }
    assert regions["shop.pricing:price", "duration", "any"] == "visited"
    assert regions["shop.pricing:price", "load", "burst"] == "drafted"
    assert regions["python -m shop", "duration", "any"] == "empty"
    empty = [(one["target"], one["at_production"], one["ordering"]) for one in data["empty"]]
    assert ("python -m shop", ["duration"], "any") in empty
    scores = [one["score"] for one in data["empty"]]
    assert scores == sorted(scores, reverse=True)


def test_an_empty_project_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    told, _ = run()
    assert "there are no worked examples here" in told
    assert json.loads(run(as_json=True)[0])["examples"] == []


def test_examples_that_cannot_be_read_show_no_region_as_visited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    (tmp_path / "worked_examples").mkdir()
    (tmp_path / "worked_examples" / "draft.yaml").write_text("perfstress: 1\nname: draft\n")
    told, _ = run()
    assert "every region" not in told
    assert "none of the worked examples can be read" in told
    assert "left out: " in told


@pytest.mark.parametrize("suffix", ["html", "svg"])
def test_the_map_in_a_file(project: Path, suffix: str) -> None:
    out, err = io.StringIO(), io.StringIO()
    path = project / f"map.{suffix}"
    assert shapes([], as_json=False, output=path, out=out, err=err) is ExitCode.PASS
    assert (out.getvalue(), err.getvalue()) == ("", f"wrote {path}\n")
    assert "price-spike" in path.read_text()


def test_a_file_of_another_kind_is_refused_and_not_written(project: Path) -> None:
    out = io.StringIO()
    for path, slug in (
        (project / "map.png", "bad-option"),
        (project / "no/map.svg", "output-not-writable"),
    ):
        with pytest.raises(UsageError) as caught:
            shapes([], as_json=False, output=path, out=out, err=out)
        assert caught.value.slug == slug
        assert not path.exists()


def test_a_phase_of_many_targets_is_one_line_and_comes_last(project: Path) -> None:
    folder = project / "worked_examples" / "museum"
    folder.mkdir()
    for number in range(9):
        text = CALLS.replace("@NAME@", f"old-{number}").replace("price", f"price{number}")
        text = text.replace("kind: soak", "kind: soak\nphase: museum")
        (folder / f"old-{number}.yaml").write_text(text)
    told, _ = run()
    assert "museum: 9 targets, 0 of " in told
    assert "price4" not in told.split("never run")[0]
    asked_for, _, _ = told.partition("Nobody has visited")[2].partition(" 2. ")
    assert "price" not in asked_for, "what is not of the crowd is proposed first"
    assert "price4 (museum; 1 example)" in run("museum")[0]
    targets = [one["target"] for one in json.loads(run(as_json=True)[0])["empty"]]
    crowd = [bool("price" in name and not name.endswith("price")) for name in targets]
    assert crowd == sorted(crowd)
