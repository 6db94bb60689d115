"""The shop on a real PostgreSQL server: the same answers, and the pool's connections seen by it."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx
import pytest

from checkout import database
from checkout.app import create_app

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(
        not (shutil.which("initdb") and shutil.which("pg_ctl")),
        reason="needs initdb and pg_ctl on the PATH: install postgresql",
    ),
]


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A server of its own with an empty database; gives its DSN."""
    root = os.geteuid() == 0
    if root and not shutil.which("runuser"):
        pytest.skip("needs runuser: a PostgreSQL server does not run as root")
    # Not pytest's folder: that one is closed to other users, and root has to be another one.
    folder = Path(tempfile.mkdtemp(prefix="checkout-pg-"))
    if root:
        shutil.chown(folder, "postgres")
    as_user = ["runuser", "-u", "postgres", "--"] if root else []
    port = _free_port()
    data = folder / "data"
    run = partial(subprocess.run, check=True, capture_output=True, cwd=folder, timeout=60)
    run([*as_user, "initdb", "-D", data, "-U", "shop", "-A", "trust", "--no-sync"])
    options = f"-c listen_addresses=127.0.0.1 -p {port} -k {folder} -F"
    # The server inherits what pg_ctl writes to: a file, since a pipe would never be at its end.
    run([*as_user, "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start"])
    yield f"postgresql://shop@127.0.0.1:{port}/postgres"
    run([*as_user, "pg_ctl", "-D", data, "-m", "immediate", "stop"])
    shutil.rmtree(folder)


async def _seen_by(server: str, expected: int) -> int:
    """The clients that the server sees, as soon as they are as many as expected or after 5 s."""
    watcher = await database.connect(server)
    deadline_s = time.monotonic() + 5
    while True:
        row = await watcher.fetch_one(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        assert row is not None
        if row[0] == expected or time.monotonic() > deadline_s:
            await watcher.close()
            return int(row[0])
        await asyncio.sleep(0.02)


@pytest.mark.parametrize(("switched_on", "leaked"), [("", 0), ("pool", 3)])
def test_a_declined_payment_on_postgresql(server: str, switched_on: str, leaked: int) -> None:
    async def scenario() -> None:
        app = create_app(server, frozenset({switched_on} - {""}))
        browser = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop")
        async with app.router.lifespan_context(app), browser:
            login = {"user": "user0007", "password": "correct-horse"}
            token = (await browser.post("/login", json=login)).json()["access_token"]
            headers = {"authorization": f"Bearer {token}"}
            line = {"user": "user0007", "sku": 5, "quantity": 2}
            assert (await browser.post("/cart", json=line)).json()["lines"] == 1
            assert len((await browser.get("/products?page=2")).json()["products"]) == 20
            order = {"items": [{"sku": 5, "quantity": 2}], "card": "4242424242424242"}
            paid = await browser.post("/checkout", json=order, headers=headers)
            assert (paid.status_code, paid.json()["state"]) == (201, "paid")
            order["card"] = "4000000000000002"
            for _ in range(3):
                declined = await browser.post("/checkout", json=order, headers=headers)
                assert declined.status_code == 402
            assert (await browser.get("/export")).text.count("user0007") >= 1

            pool = app.state.shop.pool
            await pool.fill()
            assert pool.open_count == pool.idle_count + leaked
            assert await _seen_by(server, pool.open_count) == pool.open_count

    asyncio.run(scenario())
