"""Faults and services: what can be done to whom, for how long, and whether it comes at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from perfstress.example import TARGET, Fault, WorkedExample, fault_names
from perfstress.loading import Loaded
from perfstress.places import Complaint, Place, dotted, texts
from perfstress.rules import addresses
from perfstress.rules.unknown import unknown
from perfstress.units import format_duration

ACTS = ("run", "signal", "restart", "proxy")
ENDS_A_TARGET = ("KILL", "TERM")
STARTS_AGAIN = ("KILL", "TERM", "INT", "QUIT", "HUP")  # signals that may stand beside restart


def _faults(example: WorkedExample) -> Iterator[tuple[Place, Fault, str]]:
    names = fault_names(example.faults)
    for index, fault in enumerate(example.faults):
        yield ("faults", index), fault, names[index]


def one_act(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """Each fault does one thing; a signal may say how the target of a restart is ended."""
    for place, fault, _ in _faults(loaded.example):
        given = [key for key in ACTS if getattr(fault, key) is not None]
        if not given:
            message = f"{dotted(place)}: does not say what goes wrong"
            hint = f"one of {', '.join(ACTS)} belongs here"
            yield Complaint(place, "one-of", message, hint)
        elif len(given) > 1 and given != ["signal", "restart"]:
            message = f"{dotted(place)}: {' and '.join(given)} exclude each other"
            yield Complaint((*place, given[1]), "one-of", message, "keep one of them", at_key=True)


def bad_fault(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """What a fault says can be done, and goes together."""
    for place, fault, _ in _faults(loaded.example):
        given = [key for key in ACTS if getattr(fault, key) is not None]
        if len(given) == 1 or given == ["signal", "restart"]:
            for key, message, hint in _unfit(loaded.example, fault):
                where = (*place, key) if key in _keys(fault) else place
                told = f"{dotted(where)}: {message}"
                yield Complaint(where, "bad-fault", told, hint, at_key=where != place)


def _keys(fault: Fault) -> set[str]:
    return {"for" if key == "for_" else key for key in fault.model_fields_set}


def _unfit(example: WorkedExample, fault: Fault) -> Iterator[tuple[str, str, str]]:
    """Key, what is wrong with it, and what would be right."""
    if fault.proxy is not None:
        yield from _unfit_proxy(fault)
    elif fault.run is not None:
        if fault.to != TARGET:
            yield "to", "a command goes where it goes by itself", "take it out"
    else:
        yield from _unfit_target(example, fault)
    at_once = fault.restart or fault.signal not in (None, "STOP")
    if at_once and fault.for_ is not None:
        what = "a restart" if fault.restart else f"SIG{fault.signal}"
        yield "for", f"{what} is over by itself", "take it out; only STOP lasts for a time"


def _unfit_proxy(fault: Fault) -> Iterator[tuple[str, str, str]]:
    proxy = fault.proxy
    assert proxy is not None
    if fault.to == TARGET:
        yield "proxy", "needs the service that it is before", "add to: and the name of a service"
    if fault.for_ is None:
        yield "proxy", "does not say how long", "add for: 10s"
    if not proxy.model_fields_set:
        yield "proxy", "does not say what it does", "one of delay, throttle, cut belongs here"
    elif proxy.cut and len(proxy.model_fields_set) > 1:
        yield "proxy", "what is cut is neither slow nor narrow", "keep cut or the others"


def _unfit_target(example: WorkedExample, fault: Fault) -> Iterator[tuple[str, str, str]]:
    """A restart or a signal."""
    if fault.signal == "STOP" and fault.restart is None and fault.for_ is None:
        yield "signal", "STOP does not say how long", "add for: 5s; it goes on afterwards"
    is_server = example.target.command is not None and example.workload.calls is None
    is_server = is_server and example.workload.runs is None
    if fault.restart:
        if fault.to != TARGET or not is_server:
            whom = "a service" if fault.to != TARGET else "this target"
            yield "restart", f"{whom} is not for perfstress to start", "it restarts a command"
        if fault.signal is not None and fault.signal not in STARTS_AGAIN:
            words = ", ".join(STARTS_AGAIN)
            yield "signal", f"{fault.signal} does not end a target", f"one of {words}"
        return
    if fault.to != TARGET:
        service = example.services.get(fault.to)
        address = addresses.resolved(service.address) if service is not None else None
        host = urlsplit(f"//{address}").hostname if address else None
        if host is not None and not addresses.is_loopback(host):
            yield "signal", f"{fault.to} runs on another machine", "use proxy: {cut: true}"
    elif example.workload.runs is not None or example.workload.calls is not None:
        why = "the process of a hosted function, or of a batch, is also what drives the load"
        yield "signal", why, "use run, or a proxy before a service"
    elif example.target.attach is not None and example.target.attach.url is not None:
        yield "signal", "no process is known of a target by its address", "attach by pid or port"
    elif fault.signal in ENDS_A_TARGET and is_server:
        message = f"{fault.signal} ends the target, and nobody starts it again"
        yield "signal", message, "add restart: true"


def names(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """What a fault names is there; names of faults differ from each other and from stages."""
    example = loaded.example
    stages = [stage.name for stage in example.shape.flat]
    seen: set[str] = set()
    for place, fault, name in _faults(example):
        if fault.to != TARGET and fault.to not in example.services:
            services = list(example.services)
            yield unknown((*place, "to"), fault.to, "service", services)
        wholes = [stage.name for stage in example.shape.stages]
        if fault.during is not None and fault.during not in (*stages, *wholes):
            yield unknown((*place, "during"), fault.during, "stage", stages)
        if name in seen or name in stages:
            what = "a fault" if name in seen else "a stage"
            message = f"{dotted(place)}: {what} has the name {name!r} too"
            where = (*place, "name") if fault.name else place
            yield Complaint(where, "duplicate-name", message, "give it a name of its own")
        seen.add(name)
    if TARGET in example.services:
        where = ("services", TARGET)
        message = "services.target: 'target' is what the target itself is called"
        hint = "give the service another name"
        yield Complaint(where, "duplicate-name", message, hint, at_key=True)


def late_fault(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """A fault comes, and is over, while there is load, as far as that can be reckoned."""
    example = loaded.example
    for place, fault, _ in _faults(example):
        span_ns = _load_ns(example, fault.during)
        if span_ns is None or fault.run is not None:
            continue
        ends_ns = fault.at + (fault.for_ or 0)
        if ends_ns >= span_ns:
            message = (
                f"{dotted(place)}: it is over {format_duration(ends_ns)} into a load of "
                f"{format_duration(span_ns)}"
            )
            hint = "let it come earlier, or the load last longer: what comes after it is the point"
            yield Complaint((*place, "at"), "late-fault", message, hint)


def _load_ns(example: WorkedExample, during: str | None) -> int | None:
    """How long the load lasts from where a fault counts; None where that is not settled by time."""
    if example.kind not in ("load", "spike"):
        return None  # floors, or what the kind makes of its stages, come between
    flat = example.shape.flat
    names = [stage.name for stage in flat]
    if during is not None and during in names:
        flat = flat[names.index(during) :]
    spans = [stage.pause if stage.pause is not None else stage.for_ for stage in flat]
    if any(span is None for span in spans):
        return None
    return sum(span for span in spans if span is not None)


def bad_service(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """Services are a host and a port, where load may go; and the target is told of the proxy."""
    example = loaded.example
    allowed = {host.lower().rstrip(".") for host in example.allow_hosts}
    everything = "\n".join(text for _, text in texts(dict(loaded.document), ()))
    for name, service in example.services.items():
        place: Place = ("services", name, "address")
        address = addresses.resolved(service.address)
        if address is not None:
            host, _, port = address.rpartition(":")
            host = host.removeprefix("[").removesuffix("]").lower()
            if not host or "/" in host or not port.isdecimal() or not 0 < int(port) < 65_536:
                message = f"{dotted(place)}: {service.address!r} is not a host and a port"
                yield Complaint(place, "bad-url", message, "write one such as 127.0.0.1:5432")
            elif not addresses.is_loopback(host) and not {host, f"{host}:{port}"} & allowed:
                message = f"{dotted(place)}: {host} is not this machine"
                hint = f"if you may load it, name it in the example: allow_hosts: [{host}]"
                yield Complaint(place, "foreign-host", message, hint)
        if f"{{{name}.port}}" not in everything and f"{{{name}.address}}" not in everything:
            where: Place = ("services", name)
            message = f"{dotted(where)}: nobody is told of the proxy before it"
            hint = f"put {{{name}.port}} or {{{name}.address}} where the target is told of {name}"
            yield Complaint(where, "unused-service", message, hint, at_key=True)
