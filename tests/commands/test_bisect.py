"""``perfstress bisect``: what is refused before anything runs."""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path

import pytest

from perfstress.bisecting.log import alone, folder_of, read, write
from perfstress.bisecting.probe import probe_of
from perfstress.commands.bisect import Asked, _begun, _resumed, bisect
from perfstress.errors import PerfstressError
from tests.support.defective import Repository, example


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    repository = Repository(tmp_path / "project", example())
    repository.grow(3, "", 0)
    monkeypatch.chdir(repository.root)
    return repository


@pytest.mark.parametrize(
    ("asked", "slug"),
    [
        (Asked("nothing"), "no-entry"),
        (Asked("work"), "bisect-ends"),
        (Asked("work", good="HEAD"), "bisect-ends"),
        (Asked("work", good="HEAD", bad="HEAD~2"), "bisect-ends"),
        (Asked("work", good="nothing"), "no-commit"),
        (Asked("work", resume=True), "bisect-nothing"),
        (Asked("work", good="HEAD~2", metric="response.p50"), "bisect-metric"),
        (Asked("work", good="HEAD~2", worse_than="10%"), "bisect-metric"),
        (Asked("work", good="HEAD~2", metric="x", worse_than="10%"), "no-metric"),
        (Asked("work", good="HEAD~2", metric="response.p50", worse_than="1%"), "bisect-metric"),
        (Asked("work", good="HEAD~2", metric="response.tail", worse_than="0.1%"), "bisect-metric"),
        (Asked("work", good="HEAD~2", metric="memory.growth", worse_than="10%"), "bisect-metric"),
        (Asked("work", good="HEAD~2", metric="response.p50", worse_than="x"), "bisect-metric"),
        (
            Asked("work", good="HEAD~2", metric="response.p50", worse_than="10%", times=1),
            "bad-times",
        ),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_left(
    repository: Repository, asked: Asked, slug: str
) -> None:
    with pytest.raises(PerfstressError) as caught:
        bisect(asked, out=io.StringIO(), err=io.StringIO())
    assert caught.value.slug == slug
    assert not folder_of(repository.root, "work").exists()


def test_one_that_is_under_way_is_not_thrown_away(repository: Repository) -> None:
    asked = Asked("work", good="HEAD~2")
    probe = probe_of(repository.root, "work", full=False)
    log = _begun(repository.root, asked, probe)
    assert read(repository.root, "work") == log
    with pytest.raises(PerfstressError, match="under way"):
        _begun(repository.root, asked, probe)
    write(repository.root, dataclasses.replace(log, done=True))
    assert _begun(repository.root, asked, probe) == log
    with alone(repository.root, "work"), pytest.raises(PerfstressError, match="another process"):
        bisect(asked, out=io.StringIO(), err=io.StringIO())


def test_it_goes_on_only_with_what_it_began_with(repository: Repository) -> None:
    root = repository.root
    probe = probe_of(root, "work", full=False)
    log = _begun(root, Asked("work", good="HEAD~2"), probe)
    assert _resumed(root, Asked("work", resume=True, good="HEAD~2"), probe) == log
    with pytest.raises(PerfstressError, match="--bad HEAD~1"):
        _resumed(root, Asked("work", resume=True, bad="HEAD~1"), probe)
    changed = dataclasses.replace(probe, digest="another")
    with pytest.raises(PerfstressError, match="not the example"):
        _resumed(root, Asked("work", resume=True), changed)
