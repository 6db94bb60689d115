"""Quick load on one URL, without an example: the same engine, the same figures."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TextIO

from perfstress.clock import now_ns
from perfstress.commands.loadoptions import SEED, LoadOptions, processes_of
from perfstress.commands.requestoptions import RequestOptions
from perfstress.engine import guard, route
from perfstress.engine.script import (
    JourneyScript,
    RouteScript,
    Script,
    TlsScript,
)
from perfstress.errors import ExitCode, TargetError, UsageError
from perfstress.fleet import Fleet, fleet_of
from perfstress.histogram import Histogram
from perfstress.loadsummary import merged, summarise
from perfstress.measurement import Interval
from perfstress.plan import Epoch
from perfstress.probes.preflight import local_limits
from perfstress.protocols import BlockDone, EpochBegan, EpochDone, Lost, Progress
from perfstress.substitute import redact
from perfstress.telling import generator, milliseconds, phases
from perfstress.units import human_count, human_duration
from perfstress.verdict import GeneratorHealth, LoadSummary

_HEAD_START_NS = 50_000_000
_READY_WITHIN_S = 30.0
_CANCEL_WITHIN_NS = 5 * 10**9
_BAR = 40


def hit(
    url: str,
    *,
    out: TextIO,
    err: TextIO,
    load: LoadOptions,
    request: RequestOptions,
    allow_hosts: Sequence[str] = (),
    as_json: bool = False,
    processes: str = "1",
    pin: bool = False,
    keep_alive: bool = True,
    connections: int | None = None,
    insecure: bool = False,
    ca: str | None = None,
    unix_socket: str | None = None,
    source_addresses: Sequence[str] = (),
    proxy: str | None = None,
    http: str = "1.1",
) -> ExitCode:
    """Load ``url`` and print the figures; ``as_json`` prints ``{"load": …, "generator": …}``.

    Open model with a ``rate``, closed with ``concurrency`` or ``users``. Raises UsageError for
    options that do not go together, TargetError when nothing answers there, GuardTripped for hosts
    that are not allowed. Ctrl-C prints what was recorded and gives INTERRUPTED.
    """
    epoch, pause = load.epoch(), load.pause()
    count = processes_of(processes)
    step = request.step(url)
    if connections is not None and epoch.model == "closed":
        raise UsageError(
            "--connections needs --rate", hint="or use --concurrency alone", slug="bad-option"
        )
    wanted = RouteScript(
        tls=TlsScript(ca=ca, insecure=insecure),
        unix=unix_socket,
        sources=tuple(source_addresses),
        connections=connections,
    )
    place, way = route.settle(url, allow_hosts, wanted, proxy)
    version = _version(http, place.scheme, way)
    # who speaks HTTP/3 need not listen on TCP
    if version != "3" and (why := route.can_connect(place, way)):
        raise TargetError(
            f"nothing answers at {route.first_stop(place, way)}: {why}",
            hint="start the server first, or mend the address",
            slug="unreachable",
        )
    script = Script(
        version=version,
        scheme=place.scheme,
        host=place.host,
        port=place.port,
        address=place.address,
        journeys=(
            JourneyScript(
                "hit", (step, *pause), pacing_ns=load.pacing_ns(), cookies=request.cookies
            ),
        ),
        keep_alive=keep_alive,
        route=way,
        seed=SEED,
    )
    watched = _Watched(url, epoch, "connections" if load.users is None else "users", insecure)
    fleet = fleet_of(
        count,
        pin=pin,
        target_here=not place.address or guard.is_loopback(place.address),
        at_once=epoch.max_in_flight if epoch.model == "open" else round(epoch.end_level),
    )
    sources = 0 if unix_socket is not None else max(1, len(way.sources))
    for warning in local_limits([epoch], keep_alive=keep_alive, sources=sources, processes=count):
        err.write(f"warning: {warning}\n")
    try:
        interrupted = _drive(fleet, script, epoch, watched, err)
    finally:
        fleet.stop()
    seen, health = watched.load(), watched.health
    if as_json:
        lost = {"lost": [redact(why) for why in watched.lost]} if watched.lost else {}
        told = {"load": seen.as_json(), "generator": health.as_json(), **lost}
        out.write(json.dumps(told) + "\n")
    (err if as_json else out).write(_told(watched, seen, interrupted=interrupted))
    if interrupted:
        return ExitCode.INTERRUPTED
    if watched.lost:
        return ExitCode.INCONCLUSIVE
    return (
        ExitCode.TARGET if not seen.ok and set(seen.errors) <= {"connect", "tls"} else ExitCode.PASS
    )


def _version(given: str, scheme: str, way: RouteScript) -> Literal["1.1", "2", "3"]:
    for version in ("1.1", "2", "3"):
        if given == version:
            route.check_version(version, scheme, way)
            if version != "1.1":
                from perfstress.engine.curl import check_library  # delayed: an extra

                check_library(version)
            return version
    raise UsageError(f"--http {given}", hint="one of 1.1, 2 and 3", slug="bad-option")


# ---------------------------------------------------------------- driving
@dataclass(slots=True)
class _Watched:
    """What has been heard so far."""

    url: str
    epoch: Epoch
    who: str = "connections"
    insecure: bool = False
    intervals: list[Interval] = field(default_factory=list)
    progress: Progress = field(default_factory=lambda: Progress({}))
    began_ns: int = 0
    done: EpochDone | None = None
    lost: list[str] = field(default_factory=list)
    over: bool = False
    late: Mapping[str, str] = field(default_factory=dict)

    def hear(self, event: object) -> None:
        if isinstance(event, Interval):
            self.intervals.append(event)
        elif isinstance(event, Progress):
            self.progress = event
        elif isinstance(event, EpochBegan):
            self.began_ns = event.at_ns
        elif isinstance(event, EpochDone):
            self.done = event
        elif isinstance(event, Lost):
            self.lost.append(event.why)
        elif isinstance(event, BlockDone):
            self.over = True
            self.late = event.troubles

    @property
    def seconds(self) -> float | None:
        return None if self.done is None else max(1e-9, (self.done.ended_ns - self.began_ns) / 1e9)

    def load(self) -> LoadSummary:
        dropped = self.done.dropped if self.done is not None else 0
        return summarise(self.intervals, [self.epoch], seconds=self.seconds, dropped=dropped)

    @property
    def health(self) -> GeneratorHealth:
        seen = self.done.health if self.done is not None else {}
        load = self.load()
        return GeneratorHealth(
            cpu_s=seen.get("cpu_s", 0.0),
            max_rss_bytes=int(seen.get("max_rss_bytes", 0)),
            open_files=int(seen.get("open_files", 0)),
            loop_lag_ms=seen.get("loop_lag_ms", 0.0),
            cpu_share=seen.get("cpu_share", 0.0),
            steal_share=seen.get("steal_share", 0.0),
            stall_share=seen.get("stall_share", 0.0),
            processes=int(seen.get("processes", 1)),
            slip_p99_ms=load.slip_ms.get("p99"),
            dropped=load.dropped,
        )


def _drive(fleet: Fleet, script: Script, epoch: Epoch, watched: _Watched, err: TextIO) -> bool:
    """Until all is answered; whether it was interrupted."""
    interrupted = False
    live = err.isatty()
    give_up_ns = None
    try:
        fleet.launch(script.as_json(), now_ns())
        fleet.ready(_READY_WITHIN_S)
        fleet.start_at([epoch], now_ns() + _HEAD_START_NS)
    except KeyboardInterrupt:
        return True
    while not watched.over and (give_up_ns is None or now_ns() < give_up_ns):
        try:
            for event in fleet.poll(0.25):
                watched.hear(event)
            if watched.lost and give_up_ns is None:  # less than was asked for is not the load
                give_up_ns = now_ns() + _CANCEL_WITHIN_NS
                fleet.cancel()
            if live and watched.began_ns:
                err.write(f"\r{_line(watched):<78}")
                err.flush()
        except KeyboardInterrupt:
            interrupted = True
            give_up_ns = now_ns() + _CANCEL_WITHIN_NS
            fleet.cancel()
    if live:
        err.write("\r" + " " * 78 + "\r")
    return interrupted


def _line(watched: _Watched) -> str:
    progress = watched.progress
    took_s = max(1e-9, (now_ns() - watched.began_ns) / 1e9)
    done = progress.ok + progress.errors
    return (
        f"{took_s:5.1f} s  {human_count(round(done / took_s))}/s  {human_count(done)} done, "
        f"{human_count(progress.in_flight)} in flight, {human_count(progress.errors)} errors"
    )


# ---------------------------------------------------------------- telling
def _told(watched: _Watched, load: LoadSummary, *, interrupted: bool) -> str:
    epoch = watched.epoch
    took = human_duration(watched.seconds) if watched.seconds is not None else "no time"
    level = human_count(epoch.start_level)
    if epoch.end_level != epoch.start_level:
        level += f" to {human_count(epoch.end_level)}"
    how = f"{level}/s" if epoch.model == "open" else f"{level} {watched.who}"
    lines = [f"{watched.url}: {how} for {took}{' (interrupted)' if interrupted else ''}", ""]
    if watched.insecure:
        lines[1:1] = ["INSECURE: certificates are not verified, because of --insecure"]
    errors = sum(load.errors.values())
    named = ", ".join(f"{human_count(n)} {kind}" for kind, n in sorted(load.errors.items()))
    lines.append(
        f"  requests   {human_count(load.requests)}, "
        + (f"{human_count(errors)} errors: {named}" if errors else "no errors")
    )
    if load.achieved_rate is not None:
        intended = "" if load.intended_rate is None else f" of {human_count(load.intended_rate)}/s"
        lines.append(f"  rate       {human_count(round(load.achieved_rate, 1))}/s{intended}")
    if load.dropped:
        why = watched.done.why_dropped if watched.done is not None else ""
        lines.append(f"  dropped    {human_count(load.dropped)} arrivals: {why}")
    for name, figures in (
        ("response", load.response_ms),
        ("service", load.service_ms),
        ("slip", load.slip_ms),
    ):
        shown = "  ".join(f"{at.replace('_', '.')} {milliseconds(v)}" for at, v in figures.items())
        lines.append(f"  {name:<10} {shown}")
    lines += [f"  {told}" for told in phases(load)]
    lines.append(f"  {generator(watched.health).replace('generator', 'generator ', 1)}")
    lines += _bars(merged(watched.intervals))
    if first := {**watched.late, **(watched.done.troubles if watched.done else {})}:
        lines += ["", "  first errors"]
        lines += [f"    {kind}: {redact(why)}" for kind, why in first.items()]
    lines += [f"  part of the load was lost: {redact(why)}" for why in watched.lost]
    return "\n".join(lines) + "\n"


def _bars(histogram: Histogram) -> list[str]:
    """The response times as bars, edges at 1, 2 and 5 of each power of ten."""
    low_ns, high_ns = histogram.min_ns, histogram.max_ns
    if low_ns is None or high_ns is None:
        return []
    steps = [digit * 10**power for power in range(3, 14) for digit in (1, 2, 5)]
    first = max([0, *(step for step in steps if step <= low_ns)])
    last = next(step for step in steps if step > high_ns)
    edges = [first, *(step for step in steps if first < step <= last)]
    counts = histogram.counts_within(edges)
    most = max(counts)
    lines = ["", "  response time, from the intended start"]
    for low, high, count in zip(edges, edges[1:], counts, strict=False):
        bar = "█" * round(_BAR * count / most) or ("▏" if count else "")
        span = f"{human_duration(low / 1e9) if low else '0'} to {human_duration(high / 1e9)}"
        lines.append(f"  {span:>16}  {bar:<{_BAR}} {count / histogram.total:7.2%}")
    return lines
