"""Prints a HAR of a day in a shop's web pages, always the same for a seed.

A tester signs in again and again, looks around, fills a cart and pays. The recording has what a
browser's has: pictures and scripts, other hosts, cookies, tokens, passwords, bodies of answers.

usage: make_har.py [--requests 20000] [--seed 20261120]
"""

import argparse
import json
import random
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

BEGIN = datetime(2026, 11, 2, 8, 0, 0, tzinfo=UTC)
SHOP, ELSEWHERE = "https://shop.test", "https://metrics.elsewhere.test"
WORDS = ("lamp", "chair", "desk", "shelf", "rug", "vase", "clock", "mirror", "stool", "bench")
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
PAGES = ("/", "/products", "/products", "/products", "/cart", "/login", "/checkout", "/orders")


class Day:
    """The clock, the chance and the session of the one who clicks."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.now = BEGIN
        self.session = self.token = self.text(32)

    def text(self, length: int) -> str:
        """Letters and digits, such as a token has."""
        return "".join(self.chance.choices(LETTERS, k=length))

    def entry(self, page: str, method: str, url: str, **more: Any) -> dict[str, Any]:
        """One request with its answer; the clock goes on."""
        wait = self.chance.uniform(4, 180)
        began, self.now = self.now, self.now + timedelta(milliseconds=wait + 5)
        headers = {"Accept": "*/*", "User-Agent": "Mozilla/5.0 (X11; Linux x86_64)", "DNT": "1"}
        headers |= {"Cookie": f"session={self.session}; theme=dark"} | more.get("headers", {})
        request = {
            "method": method,
            "url": url,
            "httpVersion": "HTTP/2",
            "headers": listed(headers),
            "queryString": [],
            "cookies": [{"name": "session", "value": self.session}],
            "headersSize": -1,
            "bodySize": 0,
        }
        if (sent := more.get("sent")) is not None:
            text = json.dumps(sent, separators=(",", ":"))
            request["headers"] += listed({"Content-Type": "application/json"})
            request["postData"] = {"mimeType": "application/json", "text": text}
            request["bodySize"] = len(text)
        answered = more.get("answered", {"ok": True})
        text = answered if isinstance(answered, str) else json.dumps(answered)
        kind = more.get("kind", "application/json")
        return {
            "pageref": page,
            "startedDateTime": began.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "time": round(wait, 3),
            "request": request,
            "response": {
                "status": more.get("status", 200),
                "statusText": "",
                "httpVersion": "HTTP/2",
                "headers": listed({"Content-Type": kind} | more.get("answer_headers", {})),
                "cookies": [],
                "content": {"size": len(text), "mimeType": kind, "text": text},
                "redirectURL": "",
                "headersSize": -1,
                "bodySize": len(text),
            },
            "cache": {},
            "timings": {"send": 1, "wait": round(wait - 2, 3), "receive": 1},
        }


def listed(headers: dict[str, str]) -> list[dict[str, str]]:
    """Headers as a HAR has them."""
    return [{"name": name, "value": value} for name, value in headers.items()]


def product(day: Day) -> dict[str, Any]:
    """A thing on sale."""
    words = " ".join(day.chance.choices(WORDS, k=40))
    return {"id": day.chance.randrange(100_000), "name": words[:20], "text": words, "price": 12.5}


def steps(day: Day, page: str, path: str) -> Iterator[dict[str, Any]]:
    """What the browser asks for one page."""
    html = "<!doctype html><html>" + "<p>lamp</p>" * 150 + "</html>"
    yield day.entry(page, "GET", SHOP + path, answered=html, kind="text/html")
    for name in ("app.js", "shop.css"):
        content = "x" * day.chance.randrange(1000, 9000)
        kind = "text/javascript" if name.endswith("js") else "text/css"
        yield day.entry(page, "GET", f"{SHOP}/static/{name}", answered=content, kind=kind)
    beacon = {"event": path, "key": day.text(20)}
    yield day.entry(page, "POST", f"{ELSEWHERE}/collect?api_key=abc", sent=beacon)
    bearer = {"Authorization": f"Bearer {day.token}"}
    if path == "/login":
        day.session, day.token = day.text(32), day.text(64)
        cookie = {"Set-Cookie": f"session={day.session}; HttpOnly"}
        answer = {"access_token": day.token, "expires_in": 3600}
        sent = {"user": f"tester{day.chance.randrange(9)}", "password": day.text(12)}
        url = f"{SHOP}/api/login"
        yield day.entry(page, "POST", url, sent=sent, answered=answer, answer_headers=cookie)
        url = f"{SHOP}/api/me"
        yield day.entry(page, "GET", url, headers={"Authorization": f"Bearer {day.token}"})
    elif path == "/products":
        things = [product(day) for _ in range(day.chance.randrange(10, 24))]
        yield day.entry(page, "GET", f"{SHOP}/api/products?page=1&size=20", answered=things)
        for thing in things[:3]:
            yield day.entry(page, "GET", f"{SHOP}/api/products/{thing['id']}", answered=thing)
    elif path in ("/cart", "/checkout"):
        items = [{"sku": day.text(8), "quantity": 1} for _ in range(day.chance.randrange(1, 40))]
        order = {"id": day.text(16), "state": "open"}
        url = f"{SHOP}/api/orders"
        sent = {"items": items, "note": "leave it at the door"}
        yield day.entry(page, "POST", url, sent=sent, headers=bearer, answered=order, status=201)
        if path == "/checkout":
            url = f"{SHOP}/api/orders/{order['id']}/payment?csrf_token={day.text(24)}"
            card = {"card_number": "4111111111111111", "cvc": "123"}
            yield day.entry(page, "POST", url, sent=card, headers=bearer)
    else:
        orders = [product(day) for _ in range(8)]
        yield day.entry(page, "GET", f"{SHOP}/api/orders", headers=bearer, answered=orders)


def main() -> None:
    """Print the recording, page by page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=20_261_120)
    options = parser.parse_args()
    day = Day(options.seed)
    creator = {"name": "WebInspector", "version": "537.36"}
    sys.stdout.write(f'{{"log":{{"version":"1.2","creator":{json.dumps(creator)},"entries":[\n')
    pages, done = [], 0
    while done < options.requests:
        path = day.chance.choice(PAGES)
        page = f"page_{len(pages) + 1}"
        started = day.now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        pages.append({"id": page, "title": SHOP + path, "startedDateTime": started})
        for entry in steps(day, page, path):
            if done < options.requests:
                sys.stdout.write((",\n" if done else "") + json.dumps(entry, separators=(",", ":")))
                done += 1
        day.now += timedelta(seconds=day.chance.uniform(2, 15))
    sys.stdout.write(f'\n],"pages":{json.dumps(pages)}}}}}\n')


if __name__ == "__main__":
    main()
