"""Downloads with support for ranges. Takes the port as its argument."""

import sys
import tempfile

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import Route

SIZE = 100_000


async def download(request: Request) -> FileResponse:
    """The file, or the ranges of it that are asked for."""
    return FileResponse(offered.name)


app = Starlette(routes=[Route("/download", download)])

if __name__ == "__main__":
    with tempfile.NamedTemporaryFile(suffix=".bin") as offered:
        offered.write(b"z" * SIZE)
        offered.flush()
        port = int(sys.argv[1])
        uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", http="httptools")
