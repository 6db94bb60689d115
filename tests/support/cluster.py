"""A PostgreSQL server of the tests' own: with pg_stat_statements, on a free port, gone afterwards.

The machine's own server may lack the extension, and belongs to others.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from perfstress.targets.command import free_port
from tests.support import keeper as keeping
from tests.support.waiting import wait_for

HINT = "apt install postgresql; pip install 'perfstress[postgres]'"


def binaries() -> Path | None:
    """The folder of the newest server's programs."""
    found = [Path(path).resolve().parent for path in [shutil.which("initdb")] if path]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    needed = ("initdb", "postgres", "pg_isready")
    return next((at for at in found if all((at / name).exists() for name in needed)), None)


def as_server(*words: str) -> list[str]:
    """The command as the user that a server may run as: root may not."""
    return ["runuser", "-u", "postgres", "--", *words] if os.getuid() == 0 else list(words)


@contextlib.contextmanager
def cluster(*, statements: bool = True) -> Iterator[str]:
    """The DSN of a running server's database ``shop``. It ends with the block, and with the process
    of the tests however that ends.
    """
    programs = binaries()
    assert programs is not None
    user = "postgres" if os.getuid() == 0 else getpass.getuser()
    parent = tempfile.mkdtemp(prefix="perfstress-pg-")
    keeper: subprocess.Popen[bytes] | None = None
    try:
        data = _initialised(programs, Path(parent))
        port = free_port()
        settings = {
            "port": port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "fsync": "off",
            "max_connections": 60,
            "autovacuum": "off",
            "logging_collector": "off",
        }
        if statements:
            settings["shared_preload_libraries"] = "pg_stat_statements"
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        command = [str(programs / "postgres"), "-D", str(data), *options]
        with Path(parent, "log").open("wb") as log:
            # a session of its own: Ctrl-C is for the tests, whose end it then sees
            keeper = subprocess.Popen(
                [sys.executable, keeping.__file__, user, parent, *command],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        address = ["-h", "127.0.0.1", "-p", str(port)]
        ready = [str(programs / "pg_isready"), "-q", *address]
        wait_for(lambda: _is_ready(keeper, ready, Path(parent, "log")), 60)
        dsn = f"postgresql://{user}@127.0.0.1:{port}"
        ask(f"{dsn}/postgres", "CREATE DATABASE shop")
        if statements:
            ask(f"{dsn}/shop", "CREATE EXTENSION pg_stat_statements")
        yield f"{dsn}/shop"
    finally:
        if keeper is not None and keeper.stdin is not None:
            keeper.stdin.close()
            keeper.wait(30)
        shutil.rmtree(parent, ignore_errors=True)


def _initialised(programs: Path, parent: Path) -> Path:
    """The folder of a new server's data."""
    os.chmod(parent, 0o755)
    data = parent / "data"
    data.mkdir()
    if os.getuid() == 0:
        shutil.chown(data, "postgres")
    make = [str(programs / "initdb"), "-D", str(data), "-A", "trust", "--no-sync", "-E", "UTF8"]
    subprocess.run(as_server(*make, "--locale=C"), check=True, capture_output=True, cwd="/")
    return data


def _is_ready(keeper: subprocess.Popen[bytes], ask: list[str], log: Path) -> bool:
    assert keeper.poll() is None, log.read_text(errors="replace")
    return subprocess.run(ask, check=False).returncode == 0


def ask(dsn: str, *statements: str) -> None:
    """Carry statements out, each for itself."""
    import asyncio

    import asyncpg

    async def work() -> None:
        connection = await asyncpg.connect(dsn)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(work())
