"""The public API: one route, and a middleware that times it. Takes the port as its argument."""

import sys

from aiohttp import web
from aiohttp.typedefs import Handler


@web.middleware
async def timing(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Passes the request on."""
    return await handler(request)


async def hello(request: web.Request) -> web.Response:
    """Says that all is well."""
    return web.Response(text="ok")


app = web.Application(middlewares=[timing])
app.router.add_get("/hello", hello)

if __name__ == "__main__":
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), access_log=None, print=None)
