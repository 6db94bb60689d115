"""nginx that speaks HTTP/2, without TLS and with it, for as long as a block lasts."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.certificates import Papers, papers

needs_nginx = pytest.mark.skipif(
    any(shutil.which(name) is None for name in ("nginx", "openssl")),
    reason="apt install nginx openssl",
)

_CONFIG = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 1000; }}
http {{
  log_format seen '$server_protocol $connection $request_method $request_uri $status '
                  '$request_length $http_x_test $http_host';
  access_log {folder}/access.log seen;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  client_max_body_size 100m;
  keepalive_requests 1000000;
  keepalive_timeout 300s;
  http2_max_requests 1000000;
  default_type application/json;
  gzip on; gzip_min_length 1; gzip_types application/json;
  server {{
    listen 127.0.0.1:{plain} http2;
    listen 127.0.0.1:{tls} ssl http2;
    listen 127.0.0.1:{tls1} ssl;
    listen 127.0.0.1:{plain1};
    ssl_certificate {papers.server};
    ssl_certificate_key {papers.server_key};
    location / {{ return 200 '{{"token":"a1b2","items":[1,2,3]}}'; }}
    location = /header {{ add_header x-given abc; return 200 '{{}}'; }}
    location = /set {{ add_header set-cookie 'sid=s1; path=/'; return 200 '{{}}'; }}
    location = /cookie {{ return 200 '{{"sid":"$cookie_sid"}}'; }}
    location = /echo {{
      set $first '"method":"$request_method","type":"$content_type"';
      return 200 '{{$first,"bytes":"$content_length","host":"$http_host"}}';
    }}
    location = /dav {{ client_body_in_file_only clean; proxy_pass http://127.0.0.1:{plain1}/echo; }}
    location = /bad {{ return 500 'oh no'; }}
    location = /moved {{ return 302 /header; }}
    location = /big {{ root {folder}; }}
    location = /slow {{ limit_rate 10; root {folder}; }}
    location = /close {{ return 444; }}
  }}
}}
"""


@dataclass
class Nginx:
    """Ports and certificates, and what its log says."""

    plain: int
    tls: int
    tls1: int
    plain1: int
    papers: Papers
    folder: Path

    def log(self) -> list[list[str]]:
        """For each request: protocol, connection, method, path, status, length, x-test, host."""
        return [line.split(" ") for line in (self.folder / "access.log").read_text().splitlines()]


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        socks = [stack.enter_context(socket.socket()) for _ in range(count)]
        for sock in socks:
            sock.bind(("127.0.0.1", 0))
        return [sock.getsockname()[1] for sock in socks]


@contextlib.contextmanager
def nginx2(folder: Path) -> Iterator[Nginx]:
    """nginx with its files in ``folder``."""
    ports = free_ports(4)
    server = Nginx(*ports, papers(folder), folder)
    (folder / "big").write_bytes(b"x" * 300_000)
    (folder / "slow").write_bytes(b"x" * 3000)
    config = folder / "nginx.conf"
    names = dict(zip(("plain", "tls", "tls1", "plain1"), ports, strict=True))
    config.write_text(
        ("user root;" if os.geteuid() == 0 else "")
        + _CONFIG.format(folder=folder, papers=server.papers, **names)
    )
    process = subprocess.Popen(
        ["nginx", "-c", str(config), "-p", str(folder)], stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", server.plain1), 1).close()
                break
            except OSError:
                assert time.monotonic() < deadline
                assert process.poll() is None
                time.sleep(0.02)
        yield server
    finally:
        process.terminate()
        process.wait(10)
