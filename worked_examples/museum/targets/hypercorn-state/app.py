"""The account page behind hypercorn: what a request knows of its user lies in its state."""

import asyncio
import itertools
import json
import sys
from typing import Any
from urllib.parse import parse_qs

from hypercorn.asyncio import serve
from hypercorn.config import Config

numbers = itertools.count()


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """The ASGI application."""
    if scope["type"] == "lifespan":
        await lifespan(scope, receive, send)
        return
    user = parse_qs(scope["query_string"].decode())["user"][0]
    state = scope["state"]
    state["user"] = user
    state[f"audit-{next(numbers)}"] = f"{user} looked at the account; " * 40
    await asyncio.sleep(0.004)  # the account is looked up
    body = json.dumps({"user": state["user"]}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def lifespan(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Puts what all requests share into the state."""
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            scope["state"]["db"] = "pool"
            await send({"type": "lifespan.startup.complete"})
        else:
            await send({"type": "lifespan.shutdown.complete"})
            return


if __name__ == "__main__":
    config = Config()
    config.bind = [f"127.0.0.1:{sys.argv[1]}"]
    asyncio.run(serve(app, config))
