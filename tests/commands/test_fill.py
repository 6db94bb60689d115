"""``perfstress draft --fill``: what is written, and what lint says of it in a real repository."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from perfstress.cli import run
from perfstress.commands.fill import fill
from perfstress.commands.lint import lint
from perfstress.errors import ExitCode, UsageError
from perfstress.shapemap.proposing import TODO_PATHS
from tests.broken.corpus import CALLS, RUNS
from tests.support.kept import keep_entry
from tests.test_provenance import Repository


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    for name in list(os.environ):
        if name.startswith("GIT_"):
            monkeypatch.delenv(name)
    found = Repository(tmp_path / "project")
    monkeypatch.chdir(found.root)
    return found


def write(root: Path, name: str, text: str = CALLS) -> Path:
    path = root / "worked_examples" / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        text.replace("@NAME@", name).replace("kind: soak", "kind: soak\nphase: pricing")
    )
    return path


def linted(path: Path) -> str:
    out = io.StringIO()
    lint([path], as_json=False, out=out, err=out)
    return out.getvalue()


def test_from_the_empty_region_to_an_example_that_is_pending(repository: Repository) -> None:
    keep_entry(repository.root, write(repository.root, "price-soak"))
    repository.commit({"shop/pricing.py": "1"})
    filled = fill()
    assert filled.visits == "shop.pricing:price: 100,000 operations (a tenth of a life) in a burst"
    assert filled.path == Path("worked_examples/price-duration-burst.yaml")
    told = linted(filled.path)
    assert "[placeholder]" in told
    assert told.endswith("1 file, 1 problem\n")
    text = filled.path.read_text().replace(TODO_PATHS, "shop/discounts.py")
    filled.path.write_text(text)
    assert linted(filled.path).endswith("1 file, no problems\n")
    repository.commit()
    assert "pending: not implemented yet" in linted(filled.path)


def test_a_name_of_ones_own_and_a_phase(repository: Repository) -> None:
    write(repository.root, "price-soak")
    assert fill("next-one", phase="pricing").path.name == "next-one.yaml"
    with pytest.raises(UsageError) as caught:
        fill("next-one", phase="pricing")
    assert caught.value.slug in ("exists", "nothing-to-fill")
    with pytest.raises(UsageError) as caught:
        fill(phase="nonsense")
    assert caught.value.slug == "no-such-phase"


def test_a_file_that_is_there_stays_without_force(repository: Repository) -> None:
    write(repository.root, "price-soak")
    there = repository.root / "worked_examples" / "mine.yaml"
    there.write_text("mine")
    with pytest.raises(UsageError) as caught:
        fill("mine")
    assert caught.value.slug == "exists"
    assert there.read_text() == "mine"
    assert fill("mine", force=True).path.read_text() != "mine"


def test_nothing_to_fill(repository: Repository) -> None:
    with pytest.raises(UsageError) as caught:
        fill()
    assert "there are no worked examples here" in caught.value.message
    (repository.root / "worked_examples").mkdir(exist_ok=True)
    (repository.root / "worked_examples" / "input.csv").write_bytes(b"a,1\nb,2\nc,3\n")
    write(repository.root, "nightly", RUNS)
    with pytest.raises(UsageError) as caught:
        fill()
    assert caught.value.slug == "nothing-to-fill", "one batch a day reaches everything"


def test_on_the_command_line(repository: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    write(repository.root, "price-soak")
    assert run(["draft", "--fill"]) == ExitCode.PASS
    told = capsys.readouterr().out
    assert "nobody has visited  shop.pricing:price: " in told
    assert "next: settle its TODOs, then  perfstress lint " in told
    assert run(["draft"]) == ExitCode.USAGE
    assert "a draft takes a name and a kind" in capsys.readouterr().err
