"""Where tries of shrinking lie, and what they are made of."""

from __future__ import annotations

from pathlib import Path

from perfstress import library
from perfstress.shrinking import sides
from tests.support.made_runs import soaked, with_


def test_what_was_kept_earlier_stays(tmp_path: Path) -> None:
    run = soaked(tmp_path / "run")
    places = [sides.place_of(run, tmp_path) for _ in range(3)]
    assert len(set(places)) == 3
    assert all(place.is_dir() and not any(place.iterdir()) for place in places)


def test_values_of_the_target_stay_apart_and_others_become_the_example(tmp_path: Path) -> None:
    run = with_(
        soaked(tmp_path / "run"),
        manifest={"overrides": {"target.env.X": "1", "title": "Another"}},
    )
    document, values = sides.document_of(run)
    assert values == {"target.env.X": "1"}
    assert document["title"] == "Another"


def test_the_commit_of_a_run_is_checked_out_where_it_is_known_and_not_here(tmp_path: Path) -> None:
    run = soaked(tmp_path / "run")
    clean = with_(run, manifest={"git": {"commit": "a" * 40, "dirty": False}})
    dirty = with_(run, manifest={"git": {"commit": "a" * 40, "dirty": True}})
    none = with_(run, manifest={"git": {"commit": None, "dirty": None}})
    assert sides.commit_to_check_out(clean, tmp_path) == "a" * 40
    assert sides.commit_to_check_out(dirty, tmp_path) is None
    assert sides.commit_to_check_out(none, tmp_path) is None


def test_a_shrunk_shape_is_as_old_as_its_example_wherever_that_lies(tmp_path: Path) -> None:
    smoke = tmp_path / ".perfstress" / "shrunk" / "x" / "shop" / library.SMOKE
    assert library.original_of(smoke, "shop", tmp_path) == smoke
    for folder, is_found in (("worked_examples/data", False), ("worked_examples/museum", True)):
        original = tmp_path / folder / "shop.yaml"
        original.parent.mkdir(parents=True)
        original.write_text("")
        assert (library.original_of(smoke, "shop", tmp_path) == original) is is_found
    nearer = tmp_path / "worked_examples" / "shop.yaml"
    nearer.write_text("")
    assert library.original_of(smoke, "shop", tmp_path) == nearer
    assert library.original_of(tmp_path / "shop.yaml", "shop", tmp_path) == tmp_path / "shop.yaml"
