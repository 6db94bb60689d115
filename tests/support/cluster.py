"""A PostgreSQL server of the tests' own: with pg_stat_statements, on a free port, gone afterwards.

The machine's own server may lack the extension, and belongs to others.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

HINT = "apt install postgresql; pip install 'perfstress[postgres]'"


def binaries() -> Path | None:
    """The folder of the newest server's programs."""
    found = [Path(path).parent for path in [shutil.which("initdb")] if path]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in found if (folder / "initdb").exists()), None)


def as_server(*words: str) -> list[str]:
    """The command as the user that a server may run as: root may not."""
    return ["runuser", "-u", "postgres", "--", *words] if os.getuid() == 0 else list(words)


@contextlib.contextmanager
def cluster(*, statements: bool = True) -> Iterator[str]:
    """The DSN of a running server's database ``shop``."""
    programs = binaries()
    assert programs is not None
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="perfstress-pg-") as parent:
        os.chmod(parent, 0o755)
        data = Path(parent, "data")
        data.mkdir()
        if os.getuid() == 0:
            shutil.chown(data, "postgres")
        user = "postgres" if os.getuid() == 0 else getpass.getuser()
        make = ["initdb", "-D", str(data), "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C"]
        subprocess.run(
            as_server(str(programs / make[0]), *make[1:]), check=True, capture_output=True, cwd="/"
        )
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
        options = " ".join(
            f"-c {name}={value!s}" for name, value in settings.items() if value != ""
        )
        options += " -c unix_socket_directories="
        control = [str(programs / "pg_ctl"), "-D", str(data), "-w", "-s", "-l", f"{data}/log"]
        subprocess.run(
            as_server(*control, "-o", options, "start"),
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
        )
        try:
            dsn = f"postgresql://{user}@127.0.0.1:{port}"
            ask(f"{dsn}/postgres", "CREATE DATABASE shop")
            if statements:
                ask(f"{dsn}/shop", "CREATE EXTENSION pg_stat_statements")
            yield f"{dsn}/shop"
        finally:
            subprocess.run(as_server(*control, "-m", "immediate", "stop"), check=False, cwd="/")


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
