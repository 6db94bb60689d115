"""The store of judged runs, ``.perfstress/history.db``: a row each, asked for by an example's name.

It is SQLite in WAL mode, so that a reader and a writer do not wait for each other. All of it can be
made anew from the run directories that are still there.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perfstress import ownfolder
from perfstress.errors import LibraryError

STORE = ownfolder.OWN / "history.db"
# History of the schema. 1: the first.
SCHEMA = 1
# Others may be writing for so long before a store counts as locked.
PATIENCE_S = 5.0

REBUILD = "perfstress history --rebuild  makes it anew of the run directories"

_TABLE = """
create table if not exists runs (
  run text primary key, name text not null, at text not null, commit_sha text,
  dirty integer not null, example text not null, environment text not null, tier text not null,
  verdict text not null, seconds real not null, figures text not null
) without rowid
"""
_INDEX = "create index if not exists by_name on runs (name, at)"
_COLUMNS = "run, name, at, commit_sha, dirty, example, environment, tier, verdict, seconds, figures"


@dataclass(frozen=True, slots=True)
class Record:
    """One judged run: ``run`` is its directory from the root of the project, ``at`` its begin (ISO
    8601, UTC), ``example`` the checksum of the example's text, ``environment`` the fingerprint of
    the machine, ``tier`` "smoke" or "full" where it is an entry of the library, else "".
    """

    run: str
    name: str
    at: str
    commit: str | None
    dirty: bool
    example: str
    environment: str
    tier: str
    verdict: str
    seconds: float
    figures: Mapping[str, float]

    @property
    def short(self) -> str:
        """The commit as people write it; a "+" says that the tree had changes."""
        return f"{(self.commit or 'no commit')[: 9 if not self.commit else 7]}{'+' * self.dirty}"


def _record(row: tuple[Any, ...]) -> Record:
    run, name, at, commit, dirty, example, environment, tier, verdict, seconds, figures = row
    return Record(
        run, name, at, commit, bool(dirty), example, environment, tier, verdict, seconds,
        json.loads(figures),
    )  # fmt: skip


class Store:
    """The open store; ``opened`` makes one."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def add(self, records: Iterable[Record]) -> None:
        """Put runs in, in place of what is known of the same ones; all of them or none."""
        rows = [
            (
                record.run, record.name, record.at, record.commit, int(record.dirty),
                record.example, record.environment, record.tier, record.verdict, record.seconds,
                json.dumps(record.figures, separators=(",", ":")),
            )
            for record in records
        ]  # fmt: skip
        marks = ", ".join("?" * len(_COLUMNS.split(",")))
        with self._connection:
            self._connection.executemany(
                f"insert or replace into runs ({_COLUMNS}) values ({marks})", rows
            )

    def names(self) -> list[str]:
        """The examples that it has runs of."""
        return [name for (name,) in self._connection.execute("select distinct name from runs")]

    def count(self, name: str, since: str = "") -> int:
        """How many runs of an example began at ``since`` or later."""
        asked = "select count(*) from runs where name = ? and at >= ?"
        return int(self._connection.execute(asked, (name, since)).fetchone()[0])

    def records(self, name: str, since: str = "", last: int | None = None) -> list[Record]:
        """The runs of an example by time, those from ``since`` on, or only the last ones."""
        limit = "" if last is None else f" limit {int(last)}"
        rows = self._connection.execute(
            f"select {_COLUMNS} from runs where name = ? and at >= ? order by at desc, run desc"
            f"{limit}",
            (name, since),
        ).fetchall()
        return [_record(row) for row in reversed(rows)]


@contextlib.contextmanager
def opened(root: Path, *, make: bool) -> Iterator[Store]:
    """The store of a project. Raises LibraryError where it cannot be used, is locked for long, or
    is of a later version; ``make`` begins one where there is none.
    """
    path = root / STORE
    if not make and not path.exists():
        raise LibraryError(
            f"{path}: there is no history yet",
            hint="perfstress discover and replay write it;  perfstress history --rebuild  makes it "
            "of the runs that are kept",
            slug="no-history",
        )
    connection: sqlite3.Connection | None = None
    try:
        connection = sqlite3.connect(path, timeout=PATIENCE_S)
        version = int(connection.execute("pragma user_version").fetchone()[0])
        if version > SCHEMA:
            raise LibraryError(
                f"{path}: version {version}; this perfstress knows {SCHEMA}",
                hint="use the perfstress that wrote it, or move the file away",
                slug="history-version",
            )
        if make:  # not while others begin it too; then one of them does it
            with contextlib.suppress(sqlite3.OperationalError):
                connection.execute("pragma journal_mode = wal")
        if version == 0:
            with connection:
                connection.execute(_TABLE)
                connection.execute(_INDEX)
                connection.execute(f"pragma user_version = {SCHEMA}")
        yield Store(connection)
    except (sqlite3.Error, ValueError, TypeError) as error:
        raise LibraryError(
            f"{path}: cannot be used: {error}", hint=REBUILD, slug="history-unusable"
        ) from error
    finally:
        if connection is not None:
            with contextlib.suppress(sqlite3.Error):
                connection.close()


def is_damaged(root: Path) -> bool:
    """Whether there is a file that is no store, or one that does not hold together."""
    path = root / STORE
    if not path.exists():
        return False
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=PATIENCE_S)) as connection:
            sound = connection.execute("pragma quick_check(1)").fetchone()[0] == "ok"
            version = int(connection.execute("pragma user_version").fetchone()[0])
            if sound and version:
                connection.execute(f"select {_COLUMNS} from runs limit 1").fetchone()
            return not sound
    except sqlite3.OperationalError as error:
        return "locked" not in str(error) and "busy" not in str(error)
    except sqlite3.DatabaseError:
        return True


def set_aside(root: Path) -> Path:
    """Put a store that cannot be used out of the way; gives where it is now."""
    path = root / STORE
    aside = path.with_suffix(".db.damaged")
    os.replace(path, aside)
    for tail in ("-wal", "-shm"):
        path.with_name(path.name + tail).unlink(missing_ok=True)
    return aside
