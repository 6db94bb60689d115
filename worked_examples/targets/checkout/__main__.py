"""``python -m checkout --port N``: the shop on one uvicorn process.

DATABASE_URL says where the data is (``sqlite:///shop.db`` unless set), CHECKOUT_DEFECTS which
defects are switched on (none unless set).
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys

import uvicorn

from checkout import defects
from checkout.app import create_app


def main() -> None:
    """Serve until a signal ends it."""
    parser = argparse.ArgumentParser(prog="checkout", description="A small web shop.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    options = parser.parse_args()
    try:
        switched_on = defects.active()
    except ValueError as error:
        sys.exit(str(error))
    path = os.environ.get("CHECKOUT_WALKS")
    with open(path, "w", encoding="utf-8") if path else contextlib.nullcontext() as walks:
        uvicorn.run(
            create_app(os.environ.get("DATABASE_URL", "sqlite:///shop.db"), switched_on, walks),
            host=options.host,
            port=options.port,
            loop="uvloop",
            http="httptools",
            ws="none",
            access_log=False,
            log_level="warning",
            server_header=False,
            timeout_keep_alive=120,
            timeout_graceful_shutdown=3,
        )


if __name__ == "__main__":
    main()
