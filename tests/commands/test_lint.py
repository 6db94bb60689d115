"""``perfstress lint``: which files, what is told, and the JSON that others rely on."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import pytest

from perfstress.commands.lint import lint
from perfstress.errors import ExitCode
from tests.broken.corpus import CALLS, Broken, write
from tests.test_provenance import Repository


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    for name in list(os.environ):
        if name.startswith("GIT_"):
            monkeypatch.delenv(name)
    found = Repository(tmp_path / "project")
    monkeypatch.chdir(found.root)
    return found


def example(folder: Path, name: str = "sound", old: str = "seed: 1", new: str = "seed: 1") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return write(
        Broken(name, "", "perfstress: 1", "¦perfstress: 1", CALLS.replace(old, new)), folder
    )[0]


def run(*paths: Path, as_json: bool = False) -> tuple[ExitCode, str, str]:
    out, err = io.StringIO(), io.StringIO()
    return lint(paths, as_json=as_json, out=out, err=err), out.getvalue(), err.getvalue()


def test_a_project_before_during_and_after(repository: Repository) -> None:
    example(repository.root / "worked_examples")
    code, told, _ = run()
    assert code is ExitCode.PASS
    assert "worked_examples/sound.yaml: pending: the example is not committed yet" in told
    added = repository.commit()
    first = repository.commit({"shop/pricing.py": "1"})
    code, told, _ = run()
    assert code is ExitCode.PASS
    assert (
        f"before its implementation (added in {added[:7]}, implemented from {first[:7]} on)" in told
    )
    assert told.endswith("1 file, no problems\n")


def test_too_late_is_a_problem_with_its_place(repository: Repository) -> None:
    example(repository.root / "worked_examples")
    repository.commit({"shop/pricing.py": "1"})
    code, told, err = run(as_json=True)
    assert code is ExitCode.USAGE
    (file,) = json.loads(told)["files"]
    assert [problem["slug"] for problem in file["problems"]] == ["too-late"]
    assert file["problems"][0]["line"] == 13
    assert file["provenance"]["state"] == "too-late"
    assert "[too-late]" in err


def test_json_has_the_names_that_are_promised(repository: Repository) -> None:
    example(repository.root / "worked_examples")
    repository.commit()
    edited = example(repository.root / "worked_examples", "sound", "ops: 1000000", "ops: 1000")
    edited.write_text(edited.read_text().replace("operations: 1000000", "operations: 1000"))
    code, told, _ = run(as_json=True)
    assert code is ExitCode.PASS
    (file,) = json.loads(told)["files"]
    assert set(file) == {"path", "problems", "provenance"}
    assert file["path"] == "worked_examples/sound.yaml"
    provenance = file["provenance"]
    assert {"state", "example_commit", "implementation_commit", "weakened"} <= set(provenance)
    assert [each["field"] for each in provenance["weakened"]] == [
        "production.operations",
        "shape.stages.work.ops",
    ]
    assert set(provenance["weakened"][0]) == {"commit", "field", "before", "after"}


def test_promoted_examples_are_linted_by_their_folders_name(repository: Repository) -> None:
    example(repository.root / "worked_examples", "kept")
    added = repository.commit()
    repository.commit({"shop/pricing.py": "1"})
    path = example(repository.root / "regressions" / "kept", "kept")
    path.rename(path.with_name("example.yaml"))
    repository.commit()
    code, told, _ = run(as_json=True)
    files = json.loads(told)["files"]
    assert [file["path"] for file in files] == [
        "worked_examples/kept.yaml",
        "regressions/kept/example.yaml",
    ]
    assert [file["provenance"]["example_commit"] for file in files] == [added, added]
    assert code is ExitCode.PASS


def test_a_folder_stands_for_its_examples_and_each_is_linted_once(repository: Repository) -> None:
    folder = repository.root / "mine"
    path = example(folder)
    example(folder, "other", "kind: soak", "kind: soaked")
    code, told, _ = run(folder, path)
    assert code is ExitCode.USAGE
    assert told.count("sound.yaml") == 1
    assert "other.yaml:4:7: kind: 'soaked' is not known here  [bad-value]" in told
    assert told.endswith("2 files, 1 problem\n")


def test_worked_examples_may_be_grouped_in_folders(repository: Repository) -> None:
    folder = repository.root / "worked_examples"
    example(folder)
    example(folder / "museum", "grouped")
    (folder / "targets").mkdir()
    (folder / "targets" / "compose.yaml").write_text("services: {}\n")
    for paths in ((), (folder,)):
        code, told, _ = run(*paths)
        assert code is ExitCode.PASS
        assert "museum/grouped.yaml: pending" in told
        assert told.endswith("2 files, no problems\n")


def test_nothing_to_lint_is_said(repository: Repository) -> None:
    code, told, _ = run()
    assert code is ExitCode.USAGE
    assert "[no-examples]" in told
    code, told, _ = run(Path("missing.yaml"))
    assert code is ExitCode.USAGE
    assert "[no-such-file]" in told


def test_a_loop_of_links_is_a_file_that_cannot_be_read(repository: Repository) -> None:
    (repository.root / "loop.yaml").symlink_to("loop.yaml")
    code, told, _ = run(Path("loop.yaml"))
    assert code is ExitCode.USAGE
    assert told.startswith("loop.yaml: cannot be read: ")
    assert told.endswith("[unreadable]\n1 file, 1 problem\n")
