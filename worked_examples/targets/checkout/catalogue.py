"""What the shop sells and to whom: the tables, and the rows that a new database starts with."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator

from checkout.database import Connection

PRODUCTS = 1_200
CUSTOMERS = 500
PASSWORD = "correct-horse"
PAGE_SIZE = 20

_ID = {"sqlite": "INTEGER PRIMARY KEY", "postgresql": "BIGSERIAL PRIMARY KEY"}
_COMPACT = {"sqlite": " WITHOUT ROWID", "postgresql": ""}

_TABLES = """
CREATE TABLE IF NOT EXISTS products (
    sku INTEGER PRIMARY KEY, name TEXT NOT NULL, price_cents INTEGER NOT NULL,
    tax_class INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS customers (
    name TEXT PRIMARY KEY, salt TEXT NOT NULL, digest TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS carts (
    customer TEXT NOT NULL, sku INTEGER NOT NULL, quantity INTEGER NOT NULL,
    PRIMARY KEY (customer, sku)
){compact};
CREATE TABLE IF NOT EXISTS orders (
    id {id}, customer TEXT NOT NULL, gross_cents INTEGER NOT NULL, placed_at INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS order_lines (
    order_id BIGINT NOT NULL, sku INTEGER NOT NULL, quantity INTEGER NOT NULL,
    PRIMARY KEY (order_id, sku)
){compact}
"""

_ADJECTIVES = ("Plain", "Green", "Heavy", "Small", "Quiet", "Striped", "Folding", "Winter")
_NOUNS = ("lamp", "kettle", "blanket", "basket", "notebook", "hammer", "teapot", "chair", "scarf")


def password_digest(salt: str, password: str) -> str:
    """A salted digest. A shop with real customers takes a slow hash in a thread of its own."""
    return hashlib.sha256(f"{salt}:{password}".encode()).hexdigest()


def _products() -> Iterator[tuple[int, str, int, int]]:
    rng = random.Random(20251120)
    for sku in range(1, PRODUCTS + 1):
        name = f"{rng.choice(_ADJECTIVES)} {rng.choice(_NOUNS)} {sku:04d}"
        # Tax classes as in pricing.TAX_PERMILLE: most goods at the full rate.
        yield sku, name, rng.randint(199, 19_999), rng.choices((0, 1, 2), (80, 15, 5))[0]


def customer_names() -> list[str]:
    """Everybody who can log in."""
    return [f"user{number:04d}" for number in range(CUSTOMERS)]


def _customers() -> Iterator[tuple[str, str, str]]:
    for number, name in enumerate(customer_names()):
        salt = f"{number:08x}"
        yield name, salt, password_digest(salt, PASSWORD)


async def prepare(connection: Connection) -> None:
    """Make the tables and fill them, unless that has been done."""
    dialect = connection.dialect
    async with connection.transaction():
        for statement in _TABLES.format(id=_ID[dialect], compact=_COMPACT[dialect]).split(";"):
            await connection.execute(statement)
        row = await connection.fetch_one("SELECT count(*) FROM products")
        if row is not None and row[0] == PRODUCTS:
            return
        await connection.execute_many(
            "INSERT INTO products (sku, name, price_cents, tax_class) VALUES ($1, $2, $3, $4)",
            list(_products()),
        )
        await connection.execute_many(
            "INSERT INTO customers (name, salt, digest) VALUES ($1, $2, $3)", list(_customers())
        )
