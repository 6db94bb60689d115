"""Compares ``perfstress hit`` with wrk on one nginx, in turns, each side on a core of its own.

    python tests/benchmarks/closed_loop.py [--rounds 3] [--seconds 5] [--connections 64]

Needs nginx, wrk and taskset (Debian: ``apt install nginx wrk util-linux``) and two idle cores.
Prints one line a round and the median ratio; with ``--json`` one object. Everything that ``hit``
records is recorded. The CPU time of a request is the steadier figure where cores are not idle.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
ANSWER = '{"status":"ok","items":[1,2,3],"n":123456}'
SERVER_CORE, CLIENT_CORE = "0", "1"

CONFIG = """
worker_processes 1;
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
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{ default_type application/json; return 200 '{answer}'; }}
  }}
}}
"""


@contextlib.contextmanager
def nginx() -> Iterator[int]:
    """A server that answers 200 with 42 bytes of JSON; its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "nginx.conf")
        config.write_text(CONFIG.format(folder=folder, port=port, answer=ANSWER))
        command = ["taskset", "-c", SERVER_CORE, "nginx", "-p", folder, "-c", str(config)]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + 10
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    if time.monotonic() > deadline or process.poll() is not None:
                        raise SystemExit("nginx did not start") from None
                    time.sleep(0.05)
            yield port
        finally:
            process.terminate()
            process.wait()


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def wrk(port: int, connections: int, seconds: int) -> tuple[float, float]:
    """Requests a second of wrk with one thread, and the CPU time of a request in µs."""
    command = ["taskset", "-c", CLIENT_CORE, "wrk", "-t1", f"-c{connections}", f"-d{seconds}s"]
    before_s = _cpu_s()
    done = subprocess.run(
        [*command, f"http://127.0.0.1:{port}/"], capture_output=True, text=True, check=True
    )
    used_s = _cpu_s() - before_s
    rate = re.search(r"Requests/sec:\s*([\d.]+)", done.stdout)
    count = re.search(r"(\d+) requests in", done.stdout)
    assert rate, done.stdout
    assert count, done.stdout
    return float(rate[1]), used_s / int(count[1]) * 1e6


def hit(port: int, connections: int, seconds: int) -> dict[str, dict[str, float]]:
    """The ``load`` and ``generator`` objects of ``perfstress hit``."""
    command = ["taskset", "-c", CLIENT_CORE, sys.executable, "-m", "perfstress", "hit", "--json"]
    command += [f"http://127.0.0.1:{port}/", f"--concurrency={connections}"]
    done = subprocess.run(
        [*command, f"--duration={seconds}s"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    told: dict[str, dict[str, float]] = json.loads(done.stdout)
    return told


def main() -> None:
    """Run the rounds and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    missing = [name for name in ("nginx", "wrk", "taskset") if shutil.which(name) is None]
    if missing:
        raise SystemExit(f"missing: {', '.join(missing)}; apt install nginx wrk util-linux")
    rounds = []
    with nginx() as port:
        for _ in range(options.rounds):
            theirs, their_cpu_us = wrk(port, options.connections, options.seconds)
            told = hit(port, options.connections, options.seconds)
            ours = told["load"]["achieved_rate"]
            rounds.append(
                {
                    "wrk": theirs,
                    "hit": ours,
                    "ratio": ours / theirs,
                    "errors": told["load"]["errors"],
                    "wrk_cpu_us": their_cpu_us,
                    "hit_cpu_us": told["generator"]["cpu_share"] / ours * 1e6,
                }
            )
            if not options.json:
                one = rounds[-1]
                print(
                    f"wrk {theirs:9,.0f}/s {their_cpu_us:5.1f} µs   "
                    f"hit {ours:9,.0f}/s {one['hit_cpu_us']:5.1f} µs   "
                    f"ratio {one['ratio']:.2f}   errors {one['errors']}"
                )
    ratio = statistics.median(one["ratio"] for one in rounds)
    print(json.dumps({"ratio": ratio, "rounds": rounds}) if options.json else f"median {ratio:.2f}")


if __name__ == "__main__":
    main()
