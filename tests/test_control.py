"""Single requests, and the guard that keeps load on this machine."""

from __future__ import annotations

import http.server
import socket
import threading
from collections.abc import Iterator

import pytest

from perfstress.control import get, get_json, guard
from perfstress.errors import ExitCode, GuardTripped, TargetError

PAGES = {
    "/ok": (200, b'{"orders": 3}'),
    "/created": (201, b"done"),
    "/gone": (404, b'{"detail": "no"}'),
    "/moved": (302, b""),
    "/page": (200, b"<html>hello</html>"),
}


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    """The address of a real server with a few pages."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/cut":
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            if self.path == "/silent":
                silent.wait(10)
                return
            status, body = PAGES[self.path]
            self.send_response(status)
            self.send_header("Location", "http://192.0.2.1/")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: object) -> None:
            pass

    silent = threading.Event()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    silent.set()
    server.shutdown()
    server.server_close()


@pytest.mark.live
class TestGet:
    def test_answer(self, base: str) -> None:
        answer = get(base + "/ok", 5.0)
        assert (answer.status, answer.body, answer.is_success) == (200, b'{"orders": 3}', True)
        assert answer.headers["content-length"] == "13"
        assert get(base + "/created", 5.0).is_success

    def test_redirects_are_not_followed(self, base: str) -> None:
        answer = get(base + "/moved", 5.0)
        assert (answer.status, answer.is_success) == (302, False)

    def test_json(self, base: str) -> None:
        assert get_json(base + "/ok", 5.0) == {"orders": 3}

    @pytest.mark.parametrize(
        ("path", "slug", "told"),
        [
            ("/gone", "unexpected-status", "status 404"),
            ("/page", "not-json", "beginning '<html>"),
            ("/cut", "unreachable", "does not answer"),
        ],
    )
    def test_no_json(self, base: str, path: str, slug: str, told: str) -> None:
        with pytest.raises(TargetError, match=told) as raised:
            get_json(base + path, 5.0)
        assert raised.value.slug == slug

    def test_silence_is_not_waited_for(self, base: str) -> None:
        with pytest.raises(TargetError, match="does not answer"):
            get(base + "/silent", 0.1)

    def test_nobody_there(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
        with pytest.raises(TargetError) as raised:
            get(f"http://127.0.0.1:{port}/", 1.0)
        assert raised.value.slug == "unreachable"

    def test_proxies_of_the_environment_are_not_used(
        self, base: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HTTP_PROXY", "http://192.0.2.1:1")
        assert get(base + "/ok", 5.0).is_success


class TestGuard:
    @pytest.mark.parametrize(
        "url",
        [
            "http://127.0.0.1:8080/x",
            "http://127.9.8.7/",
            "http://localhost:1/",
            "http://[::1]:80/",
            "http://[::ffff:127.0.0.1]/",
            "https://127.0.0.1/",
        ],
    )
    def test_this_machine(self, url: str) -> None:
        assert guard(url)

    @pytest.mark.parametrize(
        "url",
        [
            "http://192.0.2.1/",
            "http://0.0.0.0:80/",
            "http://[2001:db8::1]/",
            "http://10.0.0.1:8080/",
            "http://127.0.0.1@192.0.2.1/",
        ],
    )
    def test_elsewhere(self, url: str) -> None:
        with pytest.raises(GuardTripped) as raised:
            guard(url)
        assert raised.value.exit_code is ExitCode.GUARD
        assert raised.value.slug == "foreign-host"
        assert "allow_hosts" in raised.value.hint

    def test_a_name_counts_by_what_it_stands_for(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def answer(host: str, port: int, **more: object) -> list[object]:
            return [(2, 1, 6, "", (address, port)) for address in ("127.0.0.1", "192.0.2.7")]

        monkeypatch.setattr(socket, "getaddrinfo", answer)
        with pytest.raises(GuardTripped, match=r"localhost \(192\.0\.2\.7\)"):
            guard("http://localhost/")
        assert guard("http://LOCALHOST/", ["localhost"]) == ("127.0.0.1", "192.0.2.7")

    def test_allowed_by_name(self) -> None:
        assert guard("http://192.0.2.1:8080/", ["192.0.2.1"]) == ("192.0.2.1",)
        assert guard("http://192.0.2.1:8080/", ["192.0.2.1:8080"]) == ("192.0.2.1",)
        with pytest.raises(GuardTripped):
            guard("http://192.0.2.1:8081/", ["192.0.2.1:8080", "192.0.2"])

    @pytest.mark.parametrize(
        "url", ["ftp://127.0.0.1/", "127.0.0.1:80", "http://", "http://a:99999"]
    )
    def test_not_an_address(self, url: str) -> None:
        with pytest.raises(GuardTripped) as raised:
            guard(url)
        assert raised.value.slug == "bad-url"

    def test_unknown_name(self) -> None:
        with pytest.raises(TargetError) as raised:
            guard("http://no-such-host.invalid/")
        assert raised.value.slug == "unknown-host"
