"""What a project shows the map: examples, runs that count and that do not, promoted entries."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfstress.errors import UsageError
from perfstress.survey import survey
from tests.broken.corpus import CALLS
from tests.support.kept import keep_entry, keep_run

SHORT = CALLS.replace("ops: 1000000}", "ops: 5000}")


def write(root: Path, name: str = "sound", text: str = CALLS, folder: str = ".") -> Path:
    path = root / "worked_examples" / folder / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text.replace("@NAME@", name))
    return path


def test_an_empty_project_has_no_targets(tmp_path: Path) -> None:
    found = survey(tmp_path)
    assert (found.targets, found.unread) == ((), ())


def test_an_example_that_was_never_run(tmp_path: Path) -> None:
    write(tmp_path)
    (target,) = survey(tmp_path).targets
    (one,) = target.examples
    assert (target.name, one.state, one.visited) == ("shop.pricing:price", "not run", ())
    assert one.path == "worked_examples/sound.yaml"


def test_groups_are_read_and_data_is_not(tmp_path: Path) -> None:
    write(tmp_path, "a", folder="museum")
    write(tmp_path, "b", folder="data")
    write(tmp_path, "c", folder="targets")
    (target,) = survey(tmp_path).targets
    assert [one.name for one in target.examples] == ["a"]


def test_what_cannot_be_read_is_told_and_hides_nothing(tmp_path: Path) -> None:
    write(tmp_path)
    write(tmp_path, "torn", "perfstress: [")
    found = survey(tmp_path)
    assert len(found.targets) == 1
    assert [problem.path for problem in found.unread] == ["worked_examples/torn.yaml"]


@pytest.mark.parametrize("verdict", ["PASS", "FAIL"])
def test_a_run_with_a_verdict_counts_with_what_it_did(tmp_path: Path, verdict: str) -> None:
    keep_run(tmp_path, write(tmp_path), "100000", verdict=verdict, operations=987_654)
    (target,) = survey(tmp_path).targets
    (one,) = target.examples
    assert one.state == {"PASS": "passed", "FAIL": "failed"}[verdict]
    assert [reach.operations for reach in one.visited] == [987_654.0]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"state": "interrupted"}, "not complete"),
        ({"scale": 0.1}, "reduced"),
        ({"planted": {"memory": 4096.0}}, "with a planted leak"),
        ({"overrides": {"shape.seed": "2"}}, "with values changed by --set"),
        ({"confirms": "somewhere"}, "confirming another"),
    ],
)
def test_a_run_of_something_else_does_not_count(
    tmp_path: Path, changes: dict[str, object], why: str
) -> None:
    keep_run(tmp_path, write(tmp_path), "100000", **changes)
    (target,) = survey(tmp_path).targets
    (one,) = target.examples
    assert (one.state, one.visited) == ("not run", ())
    assert one.not_counted == {why: 1}


def test_an_inconclusive_run_visits_nothing(tmp_path: Path) -> None:
    keep_run(tmp_path, write(tmp_path), "100000", verdict="INCONCLUSIVE")
    (target,) = survey(tmp_path).targets
    (one,) = target.examples
    assert (one.state, one.visited, one.not_counted) == ("inconclusive", (), {"inconclusive": 1})


def test_a_damaged_run_counts_for_nothing(tmp_path: Path) -> None:
    run = keep_run(tmp_path, write(tmp_path), "100000")
    (run / "result.json").write_text("{")
    (target,) = survey(tmp_path).targets
    assert target.examples[0].not_counted == {"without a verdict": 1}


def test_a_run_lies_where_its_example_stood_then(tmp_path: Path) -> None:
    keep_run(tmp_path, write(tmp_path, text=SHORT), "100000", operations=5000)
    write(tmp_path)
    (target,) = survey(tmp_path).targets
    (one,) = target.examples
    assert [reach.operations for reach in one.visited] == [5000.0]
    assert one.drafted.operations == 1_000_000.0


def test_a_promoted_example_was_visited(tmp_path: Path) -> None:
    keep_entry(tmp_path, write(tmp_path), summary={"operations": 1_000_000})
    (target,) = survey(tmp_path).targets
    (one,) = target.examples
    assert one.state == "promoted"
    assert [reach.operations for reach in one.visited] == [1_000_000.0]


def test_a_damaged_entry_shows_nothing(tmp_path: Path) -> None:
    folder = keep_entry(tmp_path, write(tmp_path))
    (folder / "example.yaml").write_text("changed")
    (target,) = survey(tmp_path).targets
    assert target.examples[0].state == "not run"


def test_some_phases_or_targets_only(tmp_path: Path) -> None:
    write(tmp_path, "a", CALLS.replace("kind: soak", "kind: soak\nphase: pricing"))
    write(tmp_path, "b", CALLS.replace("pricing:price", "other:price"))
    found = survey(tmp_path)
    assert [target.name for target in found.only([]).targets] == [
        "shop.other:price",
        "shop.pricing:price",
    ]
    assert [target.name for target in found.only(["pricing"]).targets] == ["shop.pricing:price"]
    assert [target.name for target in found.only(["shop.other:price"]).targets] == [
        "shop.other:price"
    ]
    with pytest.raises(UsageError) as caught:
        found.only(["nonsense"])
    assert caught.value.slug == "no-such-phase"
    assert "pricing" in caught.value.hint
