"""What the benchmarks share: cores, servers, one run of ``hit``, and figures with their targets."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PEERS = Path(__file__).parent / "peers"
ANSWER = '{"status":"ok","items":[1,2,3],"n":123456}'
SERVER_CORE, CLIENT_CORE, BOTH = "0", "1", "0,1"
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")

_CONFIG = """
worker_processes {workers};
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 20000; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  keepalive_requests 1000000000;
  keepalive_timeout 300s;
  default_type application/json;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{ return 200 '{answer}'; }}
    location = /token {{ return 200 '{{"token":"a1b2c3d4","user":{{"id":4711}}}}'; }}
    location = /done {{ return 200 '{{"done":true,"items":[1,2,3],"n":123456}}'; }}
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class Options:
    """Of the command line. ``peers_python`` is the interpreter that has Locust and aiohttp."""

    rounds: int
    seconds: int
    requests: int
    peers_python: Path


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure; ``met`` is None where there is nothing to reach."""

    what: str
    value: float
    unit: str
    target: str = ""
    met: bool | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Used:
    """What a command wrote, the CPU time of its whole tree, and its largest resident memory."""

    out: str
    cpu_s: float
    peak_bytes: int


def at_most(what: str, value: float, unit: str, limit: float, note: str = "") -> Figure:
    """A figure that must not be above a limit."""
    return Figure(what, value, unit, f"≤ {limit:g}", value <= limit, note)


def at_least(what: str, value: float, unit: str, limit: float, note: str = "") -> Figure:
    """A figure that must not be below a limit."""
    return Figure(what, value, unit, f"≥ {limit:g}", value >= limit, note)


def near(what: str, value: float, unit: str, truth: float, share: float) -> Figure:
    """A figure that must be within a share of the truth."""
    met = abs(value - truth) <= share * truth
    return Figure(what, value, unit, f"{truth:g} ± {share:.0%}", met)


def say(text: str) -> None:
    """A line for whoever waits, with the load of the machine, for it is seldom idle."""
    print(f"  {text}   [load {os.getloadavg()[0]:.1f}]", flush=True)


def missing(*tools: str) -> list[str]:
    """Those of the commands that are not installed."""
    return [tool for tool in tools if shutil.which(tool) is None]


# Set by --first: in front of every command that is bound to a core.
priority: list[str] = []


def pinned(cores: str, *command: str) -> list[str]:
    """A command bound to cores."""
    return [*priority, "taskset", "-c", cores, *command]


def ours(*words: str) -> list[str]:
    """A command of perfstress."""
    return [sys.executable, "-m", "perfstress", *words]


def run(command: Sequence[str], *, accept: Sequence[int] = (0,)) -> Used:
    """Run a command to its end in the root of the repository."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = subprocess.Popen(command, stdout=out, stderr=err, cwd=ROOT, env=_environment())
        peak = _Peak(process.pid)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        peak.stop()
        out.seek(0)
        err.seek(0)
        if process.returncode not in accept:
            raise SystemExit(
                f"{' '.join(command)}: exit {process.returncode}\n{err.read()[-2000:]}"
            )
        return Used(out.read(), usage.ru_utime + usage.ru_stime, peak.bytes)


class _Peak:
    """Watches the resident memory of a tree of processes, added up; the largest sum counts."""

    def __init__(self, pid: int) -> None:
        self.bytes = 0
        self._pid = pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._over.wait(0.5):
            self.bytes = max(self.bytes, sum(rss_bytes(pid) for pid in tree(self._pid)))

    def stop(self) -> None:
        self._over.set()
        self._thread.join()


def tree(pid: int) -> list[int]:
    """A process and all that descend from it."""
    found = [pid]
    for parent in found:
        with contextlib.suppress(OSError):
            text = Path(f"/proc/{parent}/task/{parent}/children").read_text()
            found += [int(child) for child in text.split()]
    return found


def rss_bytes(pid: int) -> int:
    """Resident memory now; 0 for a process that has gone."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def cpu_s(pid: int) -> tuple[float, float]:
    """User and system CPU time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) * _TICK_S, int(fields[12]) * _TICK_S


def hit(port: int, *options: str, cores: str = CLIENT_CORE) -> dict[str, Any]:
    """The object that ``perfstress hit --json`` prints for a server on loopback."""
    command = ours("hit", "--json", f"http://127.0.0.1:{port}/", *options)
    told: dict[str, Any] = json.loads(run(pinned(cores, *command)).out)
    return told


def per_request_us(told: dict[str, Any]) -> float:
    """CPU time of the processes of load for one request, in µs."""
    share: float = told["generator"]["cpu_share"]
    rate: float = told["load"]["achieved_rate"]
    return share / rate * 1e6


@contextlib.contextmanager
def nginx(cores: str = SERVER_CORE, workers: int = 1) -> Iterator[int]:
    """A server that answers 200 with 42 bytes of JSON; its port."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # the workers are of another user where root starts it
        config = Path(folder, "nginx.conf")
        config.write_text(_CONFIG.format(folder=folder, port=port, answer=ANSWER, workers=workers))
        with served(pinned(cores, "nginx", "-p", folder, "-c", str(config)), port):
            yield port


@contextlib.contextmanager
def answers(*options: str, cores: str = SERVER_CORE) -> Iterator[int]:
    """The small Python server of the worked examples on perfstress itself; its port."""
    port = free_port()
    file = ROOT / "worked_examples/targets/own/answers.py"
    command = pinned(cores, sys.executable, str(file), "--port", str(port), *options)
    with served(command, port):
        yield port


@contextlib.contextmanager
def served(command: Sequence[str], port: int) -> Iterator[int]:
    """A server for as long as it is needed; its process id."""
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 10
        while True:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            if time.monotonic() > deadline or process.poll() is not None:
                raise SystemExit(f"{' '.join(command)} did not start")
            time.sleep(0.05)
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


def found(pattern: str, text: str) -> float:
    """The number that a peer printed; raises SystemExit where it printed none."""
    match = re.search(pattern, text)
    if match is None:
        raise SystemExit(f"no {pattern!r} in:\n{text[-2000:]}")
    return float(match[1].replace(",", ""))


Round = tuple[float, float]  # requests a second, CPU µs a request


def interleaved(rounds: int, sides: dict[str, Callable[[], Round]]) -> dict[str, list[Round]]:
    """Every side once a round, so that what else runs on the machine meets all of them."""
    seen: dict[str, list[Round]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, side in sides.items():
            rate, cpu_us = side()
            seen[name].append((rate, cpu_us))
            say(f"{name:<16} {rate:9,.0f}/s  {cpu_us:6.1f} µs")
    return seen


def medians(seen: dict[str, list[Round]], name: str) -> Round:
    """The medians of a side."""
    rates, costs = zip(*seen[name], strict=True)
    return statistics.median(rates), statistics.median(costs)


def median_ratio(seen: dict[str, list[Round]], name: str, peer: str) -> tuple[float, float]:
    """Median over the rounds of rate by rate, and of the peer's CPU time by ours: above 1 is
    better than the peer.
    """
    pairs = list(zip(seen[name], seen[peer], strict=True))
    return (
        statistics.median(mine[0] / theirs[0] for mine, theirs in pairs),
        statistics.median(theirs[1] / mine[1] for mine, theirs in pairs),
    )


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
