"""A shop without a server around it, once as it should be and once with each defect switched on."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from checkout import defects, pricing
from checkout.app import create_app
from checkout.tests.browser import Client


@pytest.fixture(params=["none", *defects.NAMES])
def switched_on(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[frozenset[str]]:
    """Each test that asks for this runs without a defect and with every one of them."""
    name = "" if request.param == "none" else request.param
    monkeypatch.setenv(defects.VARIABLE, name)
    importlib.reload(pricing)
    yield defects.parse(name)
    monkeypatch.delenv(defects.VARIABLE)
    importlib.reload(pricing)


@pytest.fixture
def client(switched_on: frozenset[str], tmp_path: Path) -> Iterator[Client]:
    """A customer of a shop with an empty order book."""
    app = create_app(f"sqlite:///{tmp_path / 'shop.db'}", switched_on)
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()

        async def open_shop() -> httpx.AsyncClient:
            await stack.enter_async_context(app.router.lifespan_context(app))
            transport = httpx.ASGITransport(app)
            return await stack.enter_async_context(
                httpx.AsyncClient(transport=transport, base_url="http://shop")
            )

        yield Client(runner, runner.run(open_shop()))
        runner.run(stack.aclose())
