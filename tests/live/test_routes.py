"""discover on a target behind a Unix socket, and on one behind TLS of its own."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.support.certificates import needs_openssl, papers

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.live

SERVER = """
import asyncio, contextlib, json, ssl, sys

asked = 0


async def serve(reader, writer):
    global asked
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        while True:
            head = await reader.readuntil(b"\\r\\n\\r\\n")
            asked += head.startswith(b"GET /ok ")
            body = json.dumps({"asked": asked}).encode()
            writer.write(b"HTTP/1.1 200 OK\\r\\ncontent-length: %d\\r\\n\\r\\n" % len(body))
            writer.write(body)
            await writer.drain()
    writer.close()


async def main(where, cert, key):
    if cert:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        server = await asyncio.start_server(serve, "127.0.0.1", int(where), ssl=context)
    else:
        server = await asyncio.start_unix_server(serve, where)
    await server.serve_forever()


asyncio.run(main(*(sys.argv[1:] + ["", ""])[:3]))
"""

EXAMPLE = """\
perfstress: 1
name: behind
title: A hundred requests a second to a target that is not simply there
kind: load
production: {{rate: 100/s, concurrency: 4, horizon: 1h, source: the test itself}}
implementation: {{paths: ["no/such/code/**"]}}
target:
  command: [python, server.py, {words}]
  cwd: .
  ready: {{get: /ready, within: 20s}}
workload:
  http:
    {http}
    connections: 4
    journeys:
      ask: {{steps: [{{get: /ok}}]}}
shape:
  model: open
  seed: 1
  stages: [{{name: level, rate: 100/s, for: 2s}}]
  max_in_flight: 100
success:
  - errors.count == 0
  - invariant: {{get: /stats, that: "asked == ok.ask"}}
"""


def discovered(folder, words, http, out):
    (folder / "server.py").write_text(SERVER)
    path = folder / "behind.yaml"
    path.write_text(EXAMPLE.format(words=words, http=http))
    return subprocess.run(
        [sys.executable, "-m", "perfstress", "discover", str(path), "--quiet", "--out", str(out)],
        cwd=folder, capture_output=True, text=True, timeout=120,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "HOME": str(folder)},
    )  # fmt: skip


def test_a_unix_socket(tmp_path):
    http = 'base_url: "http://shop"\n    unix: "{run}/app.sock"'
    with tempfile.TemporaryDirectory() as short:  # a socket's path has 107 bytes at most
        ran = discovered(tmp_path, '"{run}/app.sock"', http, Path(short, "r"))
    assert "no errors" in ran.stdout, ran.stdout + ran.stderr
    assert "invariant: asked == ok.ask" in ran.stdout
    assert "BROKEN" not in ran.stdout
    assert "unclear" not in ran.stdout


@needs_openssl
def test_tls_of_its_own_and_none_that_is_verified(tmp_path):
    signed = papers(tmp_path)
    words = f'"{{port}}", "{signed.server}", "{signed.server_key}"'
    ran = discovered(
        tmp_path,
        words,
        'base_url: "https://localhost:{port}"\n    tls: {ca: ca.pem}',
        tmp_path / "a",
    )
    assert "no errors" in ran.stdout, ran.stdout + ran.stderr
    assert "BROKEN" not in ran.stdout
    assert "INSECURE" not in ran.stdout
    ran = discovered(
        tmp_path,
        words,
        'base_url: "https://127.0.0.1:{port}"\n    tls: {insecure: true}',
        tmp_path / "b",
    )
    assert "no errors" in ran.stdout, ran.stdout + ran.stderr
    assert "INSECURE" in ran.stdout
