"""The import: which identifiers of a catalogue are known already, asked in one statement."""

import os

import pg8000.dbapi

USER = os.environ.get("MUSEUM_PGUSER", "postgres")
KNOWN = 500

connection = None
ids: list[int] = []
statement = ""


def setup(ids: int = 1) -> None:
    """A catalogue of so many identifiers."""
    catalogue = list(range(ids))
    marks = ",".join(["%s"] * ids)
    globals()["ids"] = catalogue
    globals()["statement"] = (
        f"select count(*) from generate_series(0, {KNOWN - 1}) as known(id) where id in ({marks})"
    )


def op(i: int) -> None:
    """Ask for the whole catalogue; after a failure the next call has a connection of its own."""
    global connection
    if connection is None:
        connection = pg8000.dbapi.connect(USER, host="127.0.0.1", port=5432, database="postgres")
    try:
        cursor = connection.cursor()
        cursor.execute(statement, ids)
        found = cursor.fetchone()[0]
        connection.rollback()
    except Exception:
        broken, connection = connection, None
        try:
            broken.close()
        except Exception as error:
            print("the broken connection does not close:", error)
        raise
    if found != min(len(ids), KNOWN):
        raise ValueError(f"{found} of {len(ids)} are known")
