"""Journeys of SQL statements, driven by processes of load."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from perfstress.engine import guard
from perfstress.engine.talkscript import TalkScript, TalkStepScript
from perfstress.errors import UsageError
from perfstress.example import SqlStep, WorkedExample
from perfstress.substitute import remember_secret
from perfstress.workloads.talks import Put, conversations, putting

_PORT = 5432


def script_of(example: WorkedExample, values: Mapping[str, str], folder: Path) -> TalkScript:
    """The workload as the processes of load take it: names and secrets put in, address resolved.

    Raises UsageError, TargetError or GuardTripped.
    """
    sql = example.workload.sql
    assert sql is not None
    put = putting(values, folder)
    address, options = database(put(sql.dsn), example.allow_hosts, folder)
    return conversations(
        example,
        folder,
        medium="sql",
        address=address,
        options={**options, "connections": sql.connections},
        act=lambda step: _step(step, put),
    )


def database(dsn: str, allow_hosts: list[str], folder: Path) -> tuple[str, dict[str, Any]]:
    """The address that was resolved and allowed (empty for a file or a Unix socket), and what the
    medium needs to know. The password is a secret from here on. Raises UsageError, TargetError or
    GuardTripped.
    """
    try:
        parts = urlsplit(dsn)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise _bad_dsn() from None
    if parts.scheme == "sqlite" and not host and parts.path.strip("/"):
        path = folder / unquote(parts.path.removeprefix("/"))
        return "", {"database": "sqlite", "path": str(path)}
    if parts.scheme not in ("postgresql", "postgres"):
        raise _bad_dsn()
    if find_spec("asyncpg") is None:
        from perfstress.engine.postgres import missing  # delayed: only to say so

        raise missing()
    if parts.password:
        remember_secret(unquote(parts.password))
    named = parse_qs(parts.query).get("host", [""])[0]
    if "," in parts.netloc or "," in named or (named and not named.startswith("/")):
        raise _bad_dsn()
    if named or not host:
        return "", {"database": "postgres", "dsn": dsn}
    address = guard.allowed_address(host, port or _PORT, allow_hosts)
    return address, {"database": "postgres", "dsn": dsn}


def _bad_dsn() -> UsageError:
    # the text itself may hold a password that nobody has named a secret
    return UsageError(
        "dsn: is not the address of one database",
        hint="write postgresql://user@127.0.0.1:5432/name or sqlite:///{run}/name.db",
        slug="bad-url",
    )


def _step(step: SqlStep, put: Put) -> TalkStepScript:
    if step.transaction is not None:
        word = step.transaction.upper()
        return TalkStepScript(
            step.name or word, "transaction", {"word": word}, timeout_ns=step.timeout
        )
    query = step.query or ""
    expect = step.expect.model_dump(exclude_none=True) if step.expect is not None else {}
    return TalkStepScript(
        label=step.name or first_word(query),
        act="query",
        what={"query": query, "params": put(step.params), **put(expect)},
        capture=dict(step.capture),
        timeout_ns=step.timeout,
    )


def first_word(query: str) -> str:
    """SELECT, INSERT and so on, for a statement without a name."""
    words = query.split(maxsplit=1)
    return words[0].upper() if words else "query"
