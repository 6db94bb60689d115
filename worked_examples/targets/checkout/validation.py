"""What a client may send: a bounded JSON body, fields of the right kind; all else is a Refusal."""

from __future__ import annotations

import json
import re
from typing import Any

from starlette.requests import Request

BODY_BYTES = 16 * 1024
CART_LINES = 40
QUANTITY = 999
NAME = re.compile(r"[A-Za-z0-9._@-]{1,64}\Z")
CARD = re.compile(r"[0-9]{12,19}\Z")


class Refusal(Exception):
    """A request that is not carried out, with the status and the words of the answer."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


async def body_of(request: Request) -> dict[str, Any]:
    """The JSON object in the body; raises Refusal when there is none or when it is too long."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES:
            raise Refusal(413, f"the body is longer than {BODY_BYTES} bytes")
    try:
        data = json.loads(body)
    except ValueError:
        raise Refusal(400, "the body is not JSON") from None
    if not isinstance(data, dict):
        raise Refusal(400, "the body is not a JSON object")
    return data


def name(data: dict[str, Any], field: str = "user") -> str:
    """A customer's name."""
    value = data.get(field)
    if not isinstance(value, str) or not NAME.match(value):
        raise Refusal(400, f"{field}: a name of letters, digits and . _ @ - is wanted")
    return value


def whole(value: object, field: str, largest: int) -> int:
    """A whole number from 1 to ``largest``."""
    if type(value) is not int or not 1 <= value <= largest:
        raise Refusal(400, f"{field}: a whole number from 1 to {largest} is wanted")
    return value


def items(data: dict[str, Any]) -> dict[int, int]:
    """The ordered quantities by product."""
    rows = data.get("items")
    if not isinstance(rows, list) or not 1 <= len(rows) <= CART_LINES:
        raise Refusal(400, f"items: a list of 1 to {CART_LINES} lines is wanted")
    wanted: dict[int, int] = {}
    for row in rows:
        if not isinstance(row, dict):
            raise Refusal(400, "items: each line is an object with sku and quantity")
        sku = whole(row.get("sku"), "items.sku", 2**31 - 1)
        if sku in wanted:
            raise Refusal(400, f"items: product {sku} is there twice")
        wanted[sku] = whole(row.get("quantity"), "items.quantity", QUANTITY)
    return wanted


def card(data: dict[str, Any]) -> str:
    """A card's number."""
    value = data.get("card")
    if not isinstance(value, str) or not CARD.match(value):
        raise Refusal(400, "card: 12 to 19 digits are wanted")
    return value


def page(request: Request) -> int:
    """The page asked for, 1 without a word."""
    text = request.query_params.get("page", "1")
    if not text.isdigit() or not 1 <= len(text) <= 6 or int(text) == 0:
        raise Refusal(400, "page: a whole number from 1 is wanted")
    return int(text)


def token(request: Request) -> str:
    """The bearer token; raises Refusal without one."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not value:
        raise Refusal(401, "log in first, and send the token as Authorization: Bearer …")
    return value
