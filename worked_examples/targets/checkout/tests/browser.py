"""A customer's browser, for tests: each method sends one request and waits for its answer."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx


class Client:
    """Sends requests to a shop on a loop of its own."""

    def __init__(self, runner: asyncio.Runner, http: httpx.AsyncClient) -> None:
        self._runner = runner
        self._http = http

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self._runner.run(self._http.get(path, **options))

    def post(self, path: str, data: object = None, **options: Any) -> httpx.Response:
        return self._runner.run(self._http.post(path, json=data, **options))

    def log_in(self, user: str = "user0007") -> dict[str, str]:
        """The header that a customer who has logged in sends."""
        answer = self.post("/login", {"user": user, "password": "correct-horse"})
        return {"authorization": f"Bearer {answer.json()['access_token']}"}
