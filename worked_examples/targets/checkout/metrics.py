"""What the shop tells Prometheus, and the layer around the application that counts the requests.

Every label set exists from the start: routes and methods are known, so no client can add one.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from checkout.replay import Answers

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS_S = (0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
OTHER = "other"

disable_created_metrics()  # type: ignore[no-untyped-call]


class Metrics:
    """The counters and gauges of one application."""

    def __init__(self, routes: tuple[str, ...]) -> None:
        self.registry = CollectorRegistry()
        names = (*routes, OTHER)
        requests = Counter(
            "shop_requests", "Requests answered", ["route", "status"], registry=self.registry
        )
        seconds = Histogram(
            "shop_request_seconds",
            "Time to answer",
            ["route"],
            buckets=BUCKETS_S,
            registry=self.registry,
        )
        self.requests = {
            route: [requests.labels(route, f"{hundred}xx") for hundred in range(1, 6)]
            for route in names
        }
        self.seconds = {route: seconds.labels(route) for route in names}
        self.in_flight = Gauge(
            "shop_requests_in_flight", "Requests under way", registry=self.registry
        )
        self.session_cpu = Counter(
            "shop_session_cpu_seconds", "CPU time of finding sessions", registry=self.registry
        )
        payments = Counter("shop_payments", "Payments tried", ["state"], registry=self.registry)
        self.payments = {state: payments.labels(state) for state in ("paid", "declined")}

    def watch(self, name: str, help_text: str, read: Callable[[], float]) -> None:
        """A gauge that is read when the page is asked for."""
        Gauge(name, help_text, registry=self.registry).set_function(read)

    def page(self) -> bytes:
        """The page in the text format."""
        return generate_latest(self.registry)


class Observed:
    """The application with each request counted, timed, and answered again if it is a repeat."""

    def __init__(self, app: ASGIApp, metrics: Metrics, answers: Answers, keep_all: bool) -> None:
        self._app = app
        self._metrics = metrics
        self._answers = answers
        self._keep_all = keep_all

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        metrics = self._metrics
        route = scope["path"] if scope["path"] in metrics.seconds else OTHER
        request_id = _request_id(scope) if scope["method"] == "POST" else ""
        keeping = bool(request_id) or self._keep_all
        status = 500
        body = b""

        async def watched(message: Message) -> None:
            nonlocal status, body
            if message["type"] == "http.response.start":
                status = message["status"]
            elif keeping:
                body += message.get("body", b"")
            await send(message)

        metrics.in_flight.inc()
        began_s = time.perf_counter()
        try:
            earlier = self._answers.find(request_id) if request_id else None
            if earlier is not None:
                await _answer(watched, *earlier)
            else:
                await self._app(scope, receive, watched)
                if keeping:
                    self._answers.keep(request_id, status, body)
        finally:
            metrics.in_flight.dec()
            metrics.seconds[route].observe(time.perf_counter() - began_s)
            metrics.requests[route][status // 100 - 1].inc()


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            return str(value[:64].decode("latin-1"))
    return ""


async def _answer(send: Send, status: int, body: bytes) -> None:
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"x-repeated", b"1"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
