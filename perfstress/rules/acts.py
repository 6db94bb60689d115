"""What a step of a conversation says, and in which order: tcp and sql."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from perfstress.example import TcpExpect, TcpSend
from perfstress.loading import Loaded
from perfstress.places import Complaint, Place, dotted, texts
from perfstress.rules import addresses, files, form, talks
from perfstress.rules.templates import references, rows_of, size_row

# Acts after which a journey of TCP clients has a connection, and has none any more.
_OPENS = ("connect",)
_CLOSES = ("close", "reset")


def one_act(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """A step does one thing, said in one way."""
    kind = talks.kind_of(loaded.example)
    for place, step in talks.steps(loaded):
        yield from form.exactly(place, step, (*talks.ACTS[kind], "think"), "what to do")
        yield from _beside(place, step)
        if isinstance(getattr(step, "send", None), TcpSend):
            inner = (*place, "send")
            yield from form.exactly(inner, step.send, ("text", "hex", "file"), "what to send")
        if isinstance(step.expect, TcpExpect):
            yield from _expected((*place, "expect"), step.expect)


def _beside(place: Place, step: Any) -> Iterator[Complaint]:
    """What a pause has nothing to do with, and what belongs to a statement alone."""
    given = step.model_fields_set
    alone = "think" if "think" in given else "transaction" if "transaction" in given else ""
    if not alone or "query" in given:
        return
    for key in ("timeout", "params", "expect", "capture"):
        if key in given and not (key == "timeout" and alone == "transaction"):
            message = f"{dotted(place)}: {key!r} cannot stand beside {alone}"
            hint = "take it out, or give it to a step that does something"
            yield Complaint((*place, key), "one-of", message, hint, at_key=True)
            return


def _expected(place: Place, expect: TcpExpect) -> Iterator[Complaint]:
    given = expect.model_fields_set
    if not given:
        yield from form.exactly(place, expect, ("bytes", "until", "contains", "closed"), "what")
    for one, others in (("closed", ("bytes", "until", "contains")), ("bytes", ("until",))):
        clashing = [other for other in others if one in given and other in given]
        for other in clashing[:1]:
            message = f"{dotted(place)}: {one} and {other} exclude each other"
            hint = "bytes or until say how much to read; contains may stand beside either"
            yield Complaint((*place, other), "one-of", message, hint, at_key=True)


def no_act(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """A journey does something."""
    kind = talks.kind_of(loaded.example)
    for place, _, steps in talks.journeys(loaded):
        if not any(talks.act_of(step, kind) for step in steps):
            message = f"{dotted(place)}: has nothing but pauses"
            hint = f"add a step such as {talks.ACTS[kind][0]}"
            yield Complaint(place, "no-request", message, hint, at_key=True)


def not_connected(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """There is a connection where one is used."""
    kind = talks.kind_of(loaded.example)
    for place, _, steps in talks.journeys(loaded) if kind != "sql" else ():
        is_open = False
        for index, step in enumerate(steps):
            act = talks.act_of(step, kind)
            if act and act not in _OPENS and not is_open:
                inner = (*place, "steps", index)
                message = f"{dotted(inner)}: {act} comes where there is no connection"
                word = "true" if kind == "tcp" else "/path"
                hint = f"put a step connect: {word} above it"
                yield Complaint((*inner, act), "not-connected", message, hint, at_key=True)
                break
            if act:
                is_open = act not in _CLOSES


def bad_transaction(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """A transaction that begins ends in the same journey, and does not begin twice."""
    if loaded.example.workload.sql is None:
        return
    for place, _, steps in talks.journeys(loaded):
        began: int | None = None
        for index, step in enumerate(steps):
            if step.transaction is None:
                continue
            inner = (*place, "steps", index, "transaction")
            begins = step.transaction == "begin"
            if begins == (began is not None):
                said = "a transaction is open already" if begins else "no transaction is open here"
                message = f"{dotted(inner)}: {said}"
                yield Complaint(inner, "bad-transaction", message, "begin, then commit or rollback")
                break
            began = index if begins else None
        else:
            if began is not None:
                inner = (*place, "steps", began, "transaction")
                message = f"{dotted(inner)}: is never ended"
                hint = "end it with a step transaction: commit, or rollback"
                yield Complaint(inner, "bad-transaction", message, hint)


def bad_query(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """Values go into a statement as parameters."""
    for place, step in talks.steps(loaded) if loaded.example.workload.sql is not None else ():
        if step.query and "{{" in step.query:
            inner = (*place, "query")
            message = f"{dotted(inner)}: a statement is the same for every row"
            hint = "write $1 (SQLite: ?) there, and the {{ … }} under params"
            at = step.query.index("{{")
            yield Complaint(inner, "bad-template", message, hint, offset=at)


def per_user(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """Users of conversations are not told apart."""
    kind, sets = loaded.example.workload.data_sets
    for name, data in sets.items() if kind in talks.ACTS else ():
        if data.order == "per-user":
            place: Place = ("workload", kind, "data", name, "order")
            message = f"{dotted(place)}: rows per user are for http alone"
            yield Complaint(place, "bad-value", message, "sequential or shuffled")


def bad_hex(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """Hexadecimal digits are pairs of them."""
    for place, step in talks.steps(loaded):
        send = getattr(step, "send", None)
        if isinstance(send, TcpSend) and send.hex is not None:
            try:
                bytes.fromhex(send.hex)
            except ValueError:
                inner = (*place, "send", "hex")
                message = f"{dotted(inner)}: {send.hex!r} is not bytes in hexadecimal digits"
                yield Complaint(inner, "bad-hex", message, 'two digits a byte, such as "0d 0a"')


def no_file(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """Every file that is sent is there."""
    folder = loaded.path.parent
    for place, step in talks.steps(loaded):
        send = getattr(step, "send", None)
        if isinstance(send, TcpSend) and send.file and not (folder / send.file).is_file():
            inner = (*place, "send", "file")
            message = f"{dotted(inner)}: there is no file {send.file!r} in {folder or '.'}"
            yield Complaint(inner, "no-file", message, "paths start at the example's own folder")


def duplicate_name(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """Steps of a journey each have a name of their own."""
    for place, _, steps in talks.journeys(loaded):
        seen: dict[str, int] = {}
        for index, step in enumerate(steps):
            if step.name is None:
                continue
            if step.name in seen:
                inner = (*place, "steps", index, "name")
                message = (
                    f"{dotted(inner)}: steps[{seen[step.name]}] has the name {step.name!r} too"
                )
                yield Complaint(inner, "duplicate-name", message, "give each step its own name")
            seen.setdefault(step.name, index)


def templates(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """Each ``{{ name }}`` is a field of a data set, or a value captured in a step before."""
    kind, sets = loaded.example.workload.data_sets
    if talks.kind_of(loaded.example) != kind:
        return
    rows = {name: rows_of(loaded, data.file) for name, data in sets.items()}
    rows |= size_row(loaded)
    groups = list(talks.journeys(loaded))
    whose = {taken: name for _, name, steps in groups for each in steps for taken in _taken(each)}
    for place, name, steps in groups:
        later = {taken for step in steps for taken in _taken(step)}
        before: set[str] = set()
        for index, step in enumerate(steps):
            document = loaded.document["workload"][kind]["journeys"][name]["steps"][index]
            for inner, text in texts(document, (*place, "steps", index)):
                if "capture" not in inner and inner[-1] != "query":
                    yield from references(inner, text, rows, before, later - before, whose)
            before |= _taken(step)


def _taken(step: Any) -> set[str]:
    return set(getattr(step, "capture", ()))


def bad_address(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """A host and a port, on this machine or among the hosts that the example names."""
    allowed = {host.lower().rstrip(".") for host in loaded.example.allow_hosts}
    for place, text in talks.addresses(loaded):
        address = addresses.resolved(text)
        if address is None:
            continue  # known only when it runs
        if loaded.example.workload.sql is not None:
            yield from _bad_dsn(place, address, allowed)
            continue
        if loaded.example.workload.ws is not None:
            yield from _bad_ws(place, address, allowed)
            continue
        host, _, port = address.rpartition(":")
        host = host.removeprefix("[").removesuffix("]").lower()
        if not host or "/" in host or not port.isdecimal() or not 0 < int(port) < 65_536:
            message = f"{dotted(place)}: {text!r} is not a host and a port"
            yield Complaint(place, "bad-url", message, 'write one such as "127.0.0.1:{port}"')
        elif not addresses.is_loopback(host) and not {host, f"{host}:{port}"} & allowed:
            message = f"{dotted(place)}: {host} is not this machine"
            hint = f"if you may load it, name it in the example: allow_hosts: [{host}]"
            yield Complaint(place, "foreign-host", message, hint)


def _bad_ws(place: Place, url: str, allowed: set[str]) -> Iterator[Complaint]:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or (443 if parts.scheme == "wss" else 80)
    except ValueError:
        parts, host, port = urlsplit(""), None, 0
    if parts.scheme not in ("ws", "wss") or not host:
        message = f"{dotted(place)}: {url!r} is not an address"
        yield Complaint(place, "bad-url", message, "write one such as ws://127.0.0.1:{port}")
    elif not addresses.is_loopback(host) and not {host, f"{host}:{port}"} & allowed:
        message = f"{dotted(place)}: {host} is not this machine"
        hint = f"if you may load it, name it in the example: allow_hosts: [{host}]"
        yield Complaint(place, "foreign-host", message, hint)


def bad_message(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """Paths begin with /; captures and expectations can be compiled, and stand beside expect."""
    for place, step in talks.steps(loaded) if loaded.example.workload.ws is not None else ():
        if step.connect is not None and not step.connect.startswith("/"):
            message = f"{dotted((*place, 'connect'))}: {step.connect!r} does not begin with /"
            yield Complaint((*place, "connect"), "bad-url", message, "the host is in base_url")
        if step.capture and step.expect is None:
            inner = (*place, "capture")
            message = f"{dotted(inner)}: there is no message to take it from"
            hint = "write it beside expect: {}"
            yield Complaint(inner, "one-of", message, hint, at_key=True)
        for name, path in step.capture.items():
            yield from files.path((*place, "capture", name), path)
        for path in (step.expect.json_ if step.expect is not None else None) or ():
            yield from files.path((*place, "expect", "json", path), path, at_key=True)


def _bad_dsn(place: Place, dsn: str, allowed: set[str]) -> Iterator[Complaint]:
    try:
        parts = urlsplit(dsn)
        host, port = parts.hostname, parts.port or 5432
    except ValueError:
        parts, host, port = urlsplit(""), None, 0
    named = parse_qs(parts.query).get("host", [""])[0]
    is_file = parts.scheme == "sqlite" and not host and bool(parts.path.strip("/"))
    many = "," in parts.netloc + named or (named and not named.startswith("/"))
    if (parts.scheme not in ("postgresql", "postgres") and not is_file) or many:
        message = f"{dotted(place)}: is not the address of one database"
        hint = "write postgresql://user@127.0.0.1:5432/name or sqlite:///{run}/name.db"
        yield Complaint(place, "bad-url", message, hint)
        return
    known = named or not host or addresses.is_loopback(host)
    if not known and not {host, f"{host}:{port}"} & allowed:
        message = f"{dotted(place)}: {host} is not this machine"
        hint = f"if you may load it, name it in the example: allow_hosts: [{host}]"
        yield Complaint(place, "foreign-host", message, hint)
