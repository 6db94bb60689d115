"""Bytes and inodes of real files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from perfstress.diskusage import free_bytes, usage
from perfstress.probes import disk as module
from perfstress.probes.disk import Disk
from perfstress.procfs import LINUX
from tests.support.victim import Victim

BLOCK = 64 * 1024


def write(path: Path, size: int) -> None:
    with path.open("wb") as file:
        file.write(os.urandom(size))
        file.flush()
        os.fsync(file.fileno())


def test_a_folder_takes_what_its_files_take(tmp_path: Path) -> None:
    before = usage(tmp_path)
    (tmp_path / "below").mkdir()
    write(tmp_path / "a", BLOCK)
    write(tmp_path / "below" / "b", BLOCK)
    after = usage(tmp_path)
    assert before is not None
    assert after is not None
    assert 2 * BLOCK <= after[0] - before[0] <= 2 * BLOCK + 64 * 1024  # and the folder itself
    assert after[1] - before[1] == 3


def test_links_are_not_counted_twice_and_not_followed(tmp_path: Path) -> None:
    write(tmp_path / "a", BLOCK)
    one = usage(tmp_path)
    (tmp_path / "hard").hardlink_to(tmp_path / "a")
    assert usage(tmp_path) == one
    (tmp_path / "soft").symlink_to("/usr")
    with_link = usage(tmp_path)
    assert with_link is not None
    assert one is not None
    assert with_link[0] - one[0] < BLOCK


def test_a_single_file_and_nothing(tmp_path: Path) -> None:
    write(tmp_path / "a", BLOCK)
    assert usage(tmp_path / "a") == (BLOCK, 1)
    assert usage(tmp_path / "none") is None


def test_free_space_of_a_path_that_does_not_exist_yet(tmp_path: Path) -> None:
    free = free_bytes(tmp_path / "not" / "yet")
    assert free is not None
    assert free > 0


def test_declared_paths_are_judged_and_the_scratch_folder_is_told(tmp_path: Path) -> None:
    logs, scratch = tmp_path / "logs", tmp_path / "scratch"
    logs.mkdir()
    probe = Disk({"logs": logs, "spool": tmp_path / "spool"}, scratch)
    before = probe.read([], True)
    write(logs / "log", BLOCK)
    scratch.mkdir()
    write(scratch / "shop.db", BLOCK)
    after = probe.read([], True)
    assert before.problem == after.problem == ""
    assert before.values["scratch.bytes"] == 0
    assert before.values["disk:spool"] == after.values["disk:spool"] == 0
    assert (after.values["disk:logs"] or 0) - (before.values["disk:logs"] or 0) >= BLOCK
    assert after.values["inodes:logs"] == (before.values["inodes:logs"] or 0) + 1
    assert (after.values["scratch.bytes"] or 0) >= BLOCK
    assert probe.evidence([])["logs"] == [{"path": str(logs / "log"), "bytes": BLOCK}]


@pytest.mark.live
@pytest.mark.skipif(not LINUX, reason="needs Linux: reads /proc")
def test_deleted_files_that_are_still_held(tmp_path: Path) -> None:
    with Victim() as victim:
        victim.do("deleted", count=3, size=BLOCK)
        probe = Disk({}, tmp_path)
        values = probe.read([victim.pid], True).values
        assert values["deleted.files"] == 3
        assert values["deleted.bytes"] == 3 * BLOCK
        deleted = probe.evidence([victim.pid])["deleted"]
        assert [file["bytes"] for file in deleted] == [BLOCK] * 3
        victim.do("let_go")
        assert probe.read([victim.pid], True).values["deleted.files"] == 0


def test_a_large_tree_is_not_walked_each_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SHARE_OF_A_CORE", 1e-9)
    probe = Disk({"here": tmp_path}, tmp_path)
    assert probe.read([], False).values
    assert probe.read([], False).values == {}
    assert probe.read([], True).values
