"""Which example a bisection runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from perfstress import library
from perfstress.bisecting.probe import probe_of
from perfstress.errors import LibraryError
from tests.support.defective import example


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with an entry of the library, a worked example of its name and one without."""
    for name in ("work", "fresh"):
        file = tmp_path / "worked_examples" / f"{name}.yaml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(yaml.safe_dump(example(name=name)))
    entry = tmp_path / "regressions" / "work"
    entry.mkdir(parents=True)
    (entry / "example.yaml").write_text(yaml.safe_dump(example()))
    files = {"example.yaml": library.sha256(entry / "example.yaml")}
    baseline = {"schema_version": library.BASELINE_VERSION, "commit": "a" * 40, "files": files}
    (entry / "baseline.json").write_text(json.dumps(baseline))
    return tmp_path


def test_an_entry_comes_before_a_worked_example(root: Path) -> None:
    probe = probe_of(root, "work", full=False)
    assert probe.path == Path("regressions/work/example.yaml")
    assert probe.promoted_at == "a" * 40
    assert probe.example.name == "work"


def test_the_smoke_shape_comes_before_the_whole_unless_it_is_asked_for(root: Path) -> None:
    (root / "regressions" / "work" / "smoke.yaml").write_text(yaml.safe_dump(example()))
    assert probe_of(root, "work", full=False).path.name == "smoke.yaml"
    assert probe_of(root, "work", full=True).path.name == "example.yaml"


def test_a_worked_example_was_never_promoted(root: Path) -> None:
    probe = probe_of(root, "fresh", full=False)
    assert (probe.path, probe.promoted_at) == (Path("worked_examples/fresh.yaml"), None)


def test_what_is_neither_is_refused_with_what_there_is(root: Path) -> None:
    with pytest.raises(LibraryError) as caught:
        probe_of(root, "another", full=False)
    assert "work" in caught.value.hint
    (root / "regressions" / "work" / "example.yaml").write_text("changed")
    with pytest.raises(LibraryError, match="not what was promoted"):
        probe_of(root, "work", full=False)
