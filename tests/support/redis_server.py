"""A Redis server of the tests' own, on a free port, gone afterwards: the machine's own counts the
commands of others, too.
"""

from __future__ import annotations

import contextlib
import getpass
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator

from perfstress.targets.command import free_port
from tests.support import keeper as keeping
from tests.support.waiting import wait_for

HINT = "apt install redis-server; pip install 'perfstress[redis]'"
PROGRAM = shutil.which("redis-server") or shutil.which("valkey-server")


def answers(port: int) -> bool:
    """Whether the server takes commands."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as line:
            line.sendall(b"PING\r\n")
            return line.recv(16).startswith(b"+PONG")
    except OSError:
        return False


@contextlib.contextmanager
def redis_server() -> Iterator[str]:
    """The URL of a running server that keeps nothing on disk. It ends with the block, and with the
    process of the tests however that ends.
    """
    assert PROGRAM is not None, HINT
    folder, port = tempfile.mkdtemp(prefix="perfstress-redis-"), free_port()
    settings = {"port": port, "bind": "127.0.0.1", "dir": folder, "save": "", "appendonly": "no"}
    words = [word for name, value in settings.items() for word in (f"--{name}", str(value))]
    keeper = subprocess.Popen(
        [sys.executable, keeping.__file__, getpass.getuser(), folder, PROGRAM, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_for(lambda: answers(port), within_s=20)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        assert keeper.stdin is not None
        keeper.stdin.close()
        keeper.wait(timeout=30)
