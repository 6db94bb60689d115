"""Finding a run by path, by example, by file."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from perfstress import runfile
from perfstress.archive import RUNS, find_run, run_folder
from perfstress.errors import ExitCode, RunError
from tests.support import synthetic


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Two runs of one example, the newer one confirmed by a third."""
    shelf = tmp_path / ".perfstress" / "runs" / "checkout-soak"
    for name in ("20251120T100000-aaa", "20251120T110000-bbb", "20251120T120000-ccc"):
        synthetic.empty(shelf / name)
    confirming = shelf / "20251120T120000-ccc"
    manifest = dataclasses.replace(runfile.read_manifest(confirming), confirms="../b")
    text = (
        (confirming / runfile.MANIFEST)
        .read_text()
        .replace('"confirms": null', f'"confirms": "{manifest.confirms}"')
    )
    (confirming / runfile.MANIFEST).write_text(text)
    return tmp_path


def test_a_folder_or_a_file_in_it_is_the_run(project: Path) -> None:
    run = project / ".perfstress/runs/checkout-soak/20251120T100000-aaa"
    assert find_run(str(run)) == run
    (run / "report.html").write_text("")
    assert find_run(str(run / "report.html")) == run


def test_an_example_means_its_newest_run_that_confirms_no_other(project: Path) -> None:
    newest = project / ".perfstress/runs/checkout-soak/20251120T110000-bbb"
    below = project / "deep" / "down"
    below.mkdir(parents=True)
    assert find_run("checkout-soak", start=project) == newest
    assert find_run("checkout-soak", start=below) == newest
    assert find_run("worked_examples/checkout-soak.yaml", start=project) == newest
    assert find_run(str(newest.parent)) == newest


def test_a_file_brings_its_own_project(
    project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    example = project / "worked_examples" / "checkout-soak.yaml"
    example.parent.mkdir()
    example.write_text("")
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    assert find_run(str(example), start=elsewhere).name == "20251120T110000-bbb"


def test_what_is_no_run_is_told_with_what_there_is(project: Path) -> None:
    with pytest.raises(RunError) as caught:
        find_run("no-such", start=project)
    assert caught.value.slug == "no-run"
    assert caught.value.exit_code is ExitCode.USAGE
    assert "no-such" in caught.value.message
    assert caught.value.hint == "there are runs of: checkout-soak"
    with pytest.raises(RunError, match="no run here"):
        find_run(str(project))


def test_two_runs_of_one_second_get_a_folder_each(tmp_path: Path) -> None:
    folders = [run_folder(tmp_path, "checkout-soak") for _ in range(3)]
    assert len(set(folders)) == 3
    assert all(folder.is_dir() and folder.parent == tmp_path / RUNS / "checkout-soak"
               for folder in folders)  # fmt: skip


def test_a_file_in_the_way_of_the_runs_is_nothing_to_count_up_for(tmp_path: Path) -> None:
    (tmp_path / ".perfstress").touch()
    assert not run_folder(tmp_path, "checkout-soak").exists()
