"""The shop's endpoints, and the application that is made of them."""

from __future__ import annotations

import gc
import json
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TextIO

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from checkout import catalogue, database, orders, payment, pricing, validation
from checkout.export import LAST_ORDERS, orders_csv
from checkout.metrics import CONTENT_TYPE, Metrics, Observed
from checkout.pool import Pool
from checkout.replay import Answers
from checkout.sessions import Sessions
from checkout.validation import Refusal

ROUTES = (
    "/login",
    "/products",
    "/cart",
    "/checkout",
    "/export",
    "/healthz",
    "/metrics",
    "/stats",
)


@dataclass(slots=True)
class Shop:
    """What the endpoints share."""

    defects: frozenset[str]
    pool: Pool
    sessions: Sessions
    answers: Answers
    metrics: Metrics
    done: Counter[str] = field(default_factory=Counter)
    walks: TextIO | None = None


def _json(data: object, status: int = 200) -> Response:
    body = json.dumps(data, separators=(",", ":")).encode()
    return Response(body, status, media_type="application/json")


def _shop(request: Request) -> Shop:
    shop: Shop = request.app.state.shop
    return shop


async def log_in(request: Request) -> Response:
    """POST /login {user, password}: 200 {access_token}, or 401."""
    shop = _shop(request)
    data = await validation.body_of(request)
    name = validation.name(data)
    password = data.get("password")
    if not isinstance(password, str):
        raise Refusal(400, "password: a text is wanted")
    async with shop.pool.connection() as connection:
        if not await orders.is_customer(connection, name, password):
            raise Refusal(401, "no customer has this name and password")
    shop.done["logins"] += 1
    began_s = time.thread_time()
    session = shop.sessions.log_in(name)
    took_s = time.thread_time() - began_s
    shop.metrics.session_cpu.inc(took_s)
    if shop.walks is not None:
        shop.walks.write(f"{took_s:.9f}\n")
    return _json({"access_token": session.token, "token_type": "bearer"})


async def products(request: Request) -> Response:
    """GET /products?page=N: 200 {page, products}, or 404 behind the last page."""
    page = validation.page(request)
    async with _shop(request).pool.connection() as connection:
        rows = await orders.product_page(connection, page)
    if not rows:
        raise Refusal(404, f"there is no page {page}")
    return _json({"page": page, "products": rows})


async def cart(request: Request) -> Response:
    """POST /cart {user, sku, quantity}: 200 {user, lines}, or 404 for an unknown product."""
    data = await validation.body_of(request)
    name = validation.name(data)
    sku = validation.whole(data.get("sku"), "sku", 2**31 - 1)
    quantity = validation.whole(data.get("quantity"), "quantity", validation.QUANTITY)
    async with _shop(request).pool.connection() as connection:
        try:
            lines = await orders.put_in_cart(connection, name, sku, quantity)
        except orders.UnknownProduct:
            raise Refusal(404, f"there is no product {sku}") from None
        except orders.CartFull:
            raise Refusal(400, f"a cart holds {orders.CART_LINES} products") from None
    return _json({"user": name, "lines": lines})


async def check_out(request: Request) -> Response:
    """POST /checkout {items, card}: 201 {state: paid, order_id, …} or 402 {state: declined}."""
    shop = _shop(request)
    session = shop.sessions.holder(validation.token(request))
    if session is None:
        raise Refusal(401, "this session has ended: log in again")
    data = await validation.body_of(request)
    items = validation.items(data)
    card = validation.card(data)
    connection = await shop.pool.acquire()
    kept = False
    try:
        invoice = pricing.price(await orders.priced_lines(connection, items))
        receipt = await payment.charge(card, invoice.gross_cents)
        number = await orders.place(connection, session.customer, items, invoice.gross_cents)
    except orders.UnknownProduct as unknown:
        raise Refusal(404, f"there is no product {unknown}") from None
    except payment.Declined:
        shop.done["declined"] += 1
        shop.metrics.payments["declined"].inc()
        # DEFECT pool: the answer goes out from here, and the connection stays out as well.
        kept = "pool" in shop.defects
        return _json({"state": "declined"}, 402)
    finally:
        if not kept:
            await shop.pool.release(connection)
    shop.done["orders"] += 1
    shop.metrics.payments["paid"].inc()
    answer = {"state": "paid", "order_id": number, "receipt": receipt, **invoice.as_json()}
    return _json(answer, 201)


async def export(request: Request) -> Response:
    """GET /export: the last orders as CSV."""
    shop = _shop(request)
    async with shop.pool.connection() as connection:
        rows = await orders.recent(connection, LAST_ORDERS)
    text = orders_csv(rows, keep_open="export" in shop.defects)
    shop.done["exports"] += 1
    return Response(text, media_type="text/csv")


async def healthz(request: Request) -> Response:
    """GET /healthz: 200 when the database answers."""
    async with _shop(request).pool.connection() as connection:
        await connection.fetch_one("SELECT 1")
    return _json({"status": "ok"})


async def metrics(request: Request) -> Response:
    """GET /metrics: the page for Prometheus."""
    return Response(_shop(request).metrics.page(), headers={"content-type": CONTENT_TYPE})


async def stats(request: Request) -> Response:
    """GET /stats: what this process has done since it was started, and what it holds."""
    shop = _shop(request)
    done = {key: shop.done[key] for key in ("orders", "declined", "logins", "exports")}
    pool = {"open": shop.pool.open_count, "idle": shop.pool.idle_count}
    held = {"pool": pool, "sessions": len(shop.sessions), "cache": len(shop.answers)}
    return _json({**done, **held})


async def _refused(request: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, Refusal)
    return _json({"error": refusal.message}, refusal.status)


def create_app(
    database_url: str, defects: frozenset[str] = frozenset(), walks: TextIO | None = None
) -> Starlette:
    """The application; it opens its connections when the server starts it and closes them after.

    Each login's CPU time of finding its session goes to ``walks``, a line of seconds each.
    """
    gauges = Metrics(ROUTES)
    answers = Answers(keep_all="cache" in defects)
    shop = Shop(
        defects=defects,
        pool=Pool(partial(database.connect, database_url)),
        sessions=Sessions(catalogue.customer_names(), walk="sessions" in defects),
        answers=answers,
        metrics=gauges,
        walks=walks,
    )
    gauges.watch("shop_pool_open", "Database connections open", lambda: shop.pool.open_count)
    gauges.watch("shop_pool_idle", "Database connections idle", lambda: shop.pool.idle_count)
    gauges.watch("shop_sessions", "Sessions kept", lambda: len(shop.sessions))
    gauges.watch("shop_answers_kept", "Answers kept for a repeat", lambda: len(answers))

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        await shop.pool.open()
        async with shop.pool.connection() as connection:
            await catalogue.prepare(connection)
        app.state.shop = shop
        # What lives as long as the process need not be looked at by each full collection.
        gc.collect()
        gc.freeze()
        yield
        await shop.pool.close()

    endpoints = (log_in, products, cart, check_out, export, healthz, metrics, stats)
    posts = ("/login", "/cart", "/checkout")
    return Starlette(
        routes=[
            Route(path, endpoint, methods=["POST" if path in posts else "GET"])
            for path, endpoint in zip(ROUTES, endpoints, strict=True)
        ],
        middleware=[Middleware(Observed, gauges, answers, "cache" in defects)],
        exception_handlers={Refusal: _refused},
        lifespan=lifespan,
    )
