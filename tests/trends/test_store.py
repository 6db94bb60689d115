"""The store: what goes in comes out, and what cannot be used is refused by name."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from perfstress.errors import LibraryError
from perfstress.trends.store import SCHEMA, STORE, is_damaged, opened, set_aside
from tests.support import histories

ROOT = Path(__file__).parents[2]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / ".perfstress").mkdir()
    return tmp_path


def test_what_goes_in_comes_out_in_order_of_time(root: Path) -> None:
    records = histories.days([1.0, 2.0, 3.0], dirty=True, commit=None, tier="smoke")
    with opened(root, make=True) as store:
        store.add(reversed(records))
        store.add([histories.record(0, name="other")])
    with opened(root, make=False) as store:
        assert sorted(store.names()) == ["other", "shop"]
        assert store.records("shop") == records
        assert store.records("shop", last=2) == records[1:]
        assert store.records("shop", since=records[1].at) == records[1:]
        assert (store.count("shop"), store.count("shop", records[2].at)) == (3, 1)
        assert store.records("none") == []
    assert records[0].short == "no commit+"


def test_a_run_that_is_told_again_takes_its_own_place(root: Path) -> None:
    with opened(root, make=True) as store:
        store.add([histories.record(1), histories.record(2)])
        store.add([histories.record(1, verdict="FAIL")])
        assert [record.verdict for record in store.records("shop")] == ["FAIL", "PASS"]


def test_where_there_is_none_the_way_to_one_is_told(root: Path) -> None:
    with pytest.raises(LibraryError, match="no history yet"), opened(root, make=False):
        pass
    assert not (root / STORE).exists()


@pytest.mark.parametrize(
    "content", [b"no database at all, but long enough", b"SQLite format 3\0" * 99]
)
def test_a_damaged_one_is_refused_and_can_be_put_aside(root: Path, content: bytes) -> None:
    (root / STORE).write_bytes(content)
    for make in (True, False):
        with pytest.raises(LibraryError) as caught, opened(root, make=make):
            pass
        assert caught.value.slug == "history-unusable"
        assert "--rebuild" in caught.value.hint
    assert is_damaged(root)
    assert set_aside(root).read_bytes() == content
    assert not is_damaged(root)


def test_one_of_a_later_version_is_refused_and_is_not_damaged(root: Path) -> None:
    with opened(root, make=True) as store:
        store.add([histories.record(1)])
    connection = sqlite3.connect(root / STORE)
    connection.execute(f"pragma user_version = {SCHEMA + 1}")
    connection.close()
    with pytest.raises(LibraryError) as caught, opened(root, make=True):
        pass
    assert caught.value.slug == "history-version"
    assert not is_damaged(root)


BEGINS = """\
import sys
from pathlib import Path
from perfstress.trends.store import opened
from tests.support import histories
print("ready", flush=True)
sys.stdin.readline()
for number in range(20):
    with opened(Path(sys.argv[1], str(number)), make=True) as store:
        store.add([histories.record(int(sys.argv[2]))])
"""


def test_processes_that_begin_it_at_once_all_find_their_place(tmp_path: Path) -> None:
    """Shards of a replay on one machine do; twenty stores, one after the other, by four of them."""
    for number in range(20):
        (tmp_path / str(number) / ".perfstress").mkdir(parents=True)
    started = [
        subprocess.Popen(
            [sys.executable, "-c", BEGINS, str(tmp_path), str(number)],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(4)
    ]  # fmt: skip
    for process in started:
        assert process.stdout is not None
        process.stdout.readline()
    for process in started:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    for process in started:
        _, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
    for number in range(20):
        with opened(tmp_path / str(number), make=False) as store:
            assert store.count("shop") == 4


def test_a_writer_does_not_keep_a_reader_waiting(root: Path) -> None:
    with opened(root, make=True) as store:
        store.add([histories.record(1)])
    busy = sqlite3.connect(root / STORE, isolation_level=None)
    busy.execute("begin immediate")
    with opened(root, make=False) as store:
        assert len(store.records("shop")) == 1
    assert not is_damaged(root)
    busy.close()
