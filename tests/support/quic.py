"""A server of HTTP/3 in a thread of its own, with aioquic."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from aioquic.asyncio import QuicConnectionProtocol, serve
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import DataReceived, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import ProtocolNegotiated, StreamReset

from tests.support.aside import aside
from tests.support.certificates import Papers


@dataclass
class Seen:
    """What has come to the server: connections, and the path of each request."""

    port: int = 0
    connections: int = 0
    paths: list[str] = field(default_factory=list)
    resets: int = 0


class _Protocol(QuicConnectionProtocol):
    seen: Seen

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self._http: H3Connection | None = None
        self._asked: dict[int, tuple[dict[str, str], bytearray]] = {}
        self.seen.connections += 1

    def quic_event_received(self, event: Any) -> None:
        if isinstance(event, ProtocolNegotiated):
            self._http = H3Connection(self._quic)
        if isinstance(event, StreamReset):
            self.seen.resets += 1
        if self._http is None:
            return
        for one in self._http.handle_event(event):
            if isinstance(one, HeadersReceived):
                names = {name.decode(): value.decode() for name, value in one.headers}
                self._asked[one.stream_id] = names, bytearray()
            elif isinstance(one, DataReceived):
                self._asked[one.stream_id][1].extend(one.data)
            if isinstance(one, HeadersReceived | DataReceived) and one.stream_ended:
                self._answer(one.stream_id, *self._asked.pop(one.stream_id))

    def _answer(self, stream: int, asked: dict[str, str], body: bytearray) -> None:
        path = asked[":path"].split("?")[0]
        self.seen.paths.append(asked[":path"])
        if path == "/silent":
            return
        if path == "/reset":
            self._quic.reset_stream(stream, 0x10C)
            self.transmit()
            return
        if path == "/gone":
            self._quic.close(0x102)
            self.transmit()
            return
        status = b"500" if path == "/bad" else b"200"
        told = {
            "token": "t1",
            "method": asked[":method"],
            "authority": asked[":authority"],
            "bytes": len(body),
            "x": asked.get("x-test"),
        }
        content = b"x" * 300_000 if path == "/big" else json.dumps(told).encode()
        headers = [(b":status", status), (b"x-given", b"abc"), (b"set-cookie", b"sid=1")]
        assert self._http is not None
        self._http.send_headers(stream, headers)
        self._http.send_data(stream, content, end_stream=True)
        self.transmit()


def http3_server(papers: Papers) -> AbstractContextManager[Seen]:
    """The server on a free UDP port of 127.0.0.1; its certificate is for localhost."""
    return aside(_serving(papers))


@contextlib.asynccontextmanager
async def _serving(papers: Papers) -> AsyncIterator[Seen]:
    seen = Seen()
    configuration = QuicConfiguration(is_client=False, alpn_protocols=H3_ALPN)
    configuration.load_cert_chain(papers.server, papers.server_key)
    protocol = type("Protocol", (_Protocol,), {"seen": seen})
    server = await serve("127.0.0.1", 0, configuration=configuration, create_protocol=protocol)
    seen.port = server._transport.get_extra_info("sockname")[1]
    yield seen
    server.close()
