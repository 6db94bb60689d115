"""The configure hook of the connection pool: registers the type of points on a connection."""

import os

import psycopg
from psycopg.types.composite import CompositeInfo, register_composite

DSN = os.environ.get("MUSEUM_DSN", "postgresql://postgres@127.0.0.1:5432/postgres")
TYPE = "museum_point"


def setup() -> None:
    """The type, and a connection whose configuration is done again and again."""
    global connection, info
    connection = psycopg.connect(DSN, autocommit=True)
    connection.execute(f"create type pg_temp.{TYPE} as (x int, y int)")  # gone with the session
    found = CompositeInfo.fetch(connection, TYPE)
    if found is None:
        raise LookupError(TYPE)
    info = found


def op(i: int) -> None:
    """Configure one connection, and read a point with it now and then."""
    with connection.cursor() as cursor:
        register_composite(info, cursor)
        if i % 100 == 0:
            row = cursor.execute(f"select row({i}, 2)::{TYPE}").fetchone()
            if row is None or row[0].x != i:
                raise ValueError(f"point {i} came back as {row}")
