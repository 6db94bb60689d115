"""What the shop asks its database: a page of products, a cart, an order."""

from __future__ import annotations

import hmac
import json
import time
from collections.abc import Mapping, Sequence

from checkout.catalogue import PAGE_SIZE, password_digest
from checkout.database import Connection, Row
from checkout.pricing import Line

CART_LINES = 40

# One statement for any number of products, since every connection keeps each statement prepared;
# they come as a JSON array.
_PRICES = {
    "sqlite": "SELECT sku, price_cents, tax_class FROM products"
    " WHERE sku IN (SELECT value FROM json_each($1))",
    "postgresql": "SELECT sku, price_cents, tax_class FROM products"
    " WHERE sku IN (SELECT value::integer FROM json_array_elements_text($1::text::json))",
}


class UnknownProduct(LookupError):
    """A stock keeping unit that is not sold here."""


class CartFull(ValueError):
    """A cart holds no more than ``CART_LINES`` different products."""


async def is_customer(connection: Connection, name: str, password: str) -> bool:
    """Whether name and password belong together."""
    row = await connection.fetch_one("SELECT salt, digest FROM customers WHERE name = $1", name)
    return row is not None and hmac.compare_digest(password_digest(row[0], password), row[1])


async def product_page(connection: Connection, page: int) -> list[dict[str, object]]:
    """The products of one page, pages counted from 1; empty behind the last one."""
    first = (page - 1) * PAGE_SIZE
    rows = await connection.fetch(
        "SELECT sku, name, price_cents FROM products WHERE sku > $1 AND sku <= $2 ORDER BY sku",
        first,
        first + PAGE_SIZE,
    )
    return [{"sku": row[0], "name": row[1], "price_cents": row[2]} for row in rows]


async def put_in_cart(connection: Connection, customer: str, sku: int, quantity: int) -> int:
    """Set a product's quantity in a customer's cart; gives the number of lines in the cart back."""
    if await connection.fetch_one("SELECT 1 FROM products WHERE sku = $1", sku) is None:
        raise UnknownProduct(sku)
    async with connection.transaction():
        await connection.execute(
            "INSERT INTO carts (customer, sku, quantity) VALUES ($1, $2, $3)"
            " ON CONFLICT (customer, sku) DO UPDATE SET quantity = excluded.quantity",
            customer,
            sku,
            quantity,
        )
        row = await connection.fetch_one("SELECT count(*) FROM carts WHERE customer = $1", customer)
        lines = int(row[0]) if row is not None else 0
        if lines > CART_LINES:
            raise CartFull(lines)
    return lines


async def priced_lines(connection: Connection, items: Mapping[int, int]) -> list[Line]:
    """The lines of an invoice for ``{sku: quantity}``; raises UnknownProduct."""
    rows = await connection.fetch(_PRICES[connection.dialect], json.dumps(list(items)))
    if len(rows) != len(items):
        raise UnknownProduct(min(set(items).difference(row[0] for row in rows)))
    return [(row[1], items[row[0]], row[2]) for row in rows]


async def place(
    connection: Connection, customer: str, items: Mapping[int, int], gross_cents: int
) -> int:
    """Write a paid order down and empty the customer's cart; gives the order's number back."""
    async with connection.transaction():
        row = await connection.fetch_one(
            "INSERT INTO orders (customer, gross_cents, placed_at) VALUES ($1, $2, $3)"
            " RETURNING id",
            customer,
            gross_cents,
            int(time.time()),
        )
        assert row is not None  # RETURNING answers a row or raises
        number = int(row[0])
        await connection.execute_many(
            "INSERT INTO order_lines (order_id, sku, quantity) VALUES ($1, $2, $3)",
            [(number, sku, quantity) for sku, quantity in items.items()],
        )
        await connection.execute("DELETE FROM carts WHERE customer = $1", customer)
    return number


async def recent(connection: Connection, limit: int) -> Sequence[Row]:
    """The last orders, newest first: number, customer, gross cents, seconds since 1970."""
    return await connection.fetch(
        "SELECT id, customer, gross_cents, placed_at FROM orders ORDER BY id DESC LIMIT $1", limit
    )
