"""libcurl in the event loop: it says which sockets and which timer it waits for, and is called."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

# What is over: its handle, libcurl's number (0 when all is well), and its words.
Over = Callable[[Any, int, str], None]


class Multi:
    """The handles of one process that are under way, on as few connections as libcurl can;
    ``most`` is how many of those there may be.
    """

    def __init__(
        self, curl: Any, loop: asyncio.AbstractEventLoop, most: int | None, over: Over
    ) -> None:
        self._curl = curl
        self._loop = loop
        self._over = over
        self._timer: asyncio.Handle | None = None
        self._watched: set[int] = set()
        self._multi: Any = curl.CurlMulti()
        self._multi.setopt(curl.M_PIPELINING, curl.PIPE_MULTIPLEX)
        self._multi.setopt(curl.M_SOCKETFUNCTION, self._on_socket)
        self._multi.setopt(curl.M_TIMERFUNCTION, self._on_timer)
        if most is not None:
            self._multi.setopt(curl.M_MAX_HOST_CONNECTIONS, most)

    def begin(self, easy: Any) -> None:
        """Have libcurl do what the handle has been told."""
        self._multi.add_handle(easy)

    def end(self, easy: Any) -> None:
        """Have libcurl forget the handle."""
        self._multi.remove_handle(easy)

    def close(self) -> None:
        """Close every connection; no handle may be under way."""
        for fd in self._watched:
            self._loop.remove_reader(fd)
            self._loop.remove_writer(fd)
        self._watched.clear()
        multi, self._multi = self._multi, None
        multi.close()
        self._on_timer(-1)

    # ------------------------------------------------------------ called by libcurl
    def _on_socket(self, what: int, fd: int, _multi: Any, _data: Any) -> None:
        if self._multi is None:
            return
        curl, loop = self._curl, self._loop
        self._watched.add(fd)
        if what in (curl.POLL_IN, curl.POLL_INOUT):
            loop.add_reader(fd, self._act, fd, curl.CSELECT_IN)
        else:
            loop.remove_reader(fd)
        if what in (curl.POLL_OUT, curl.POLL_INOUT):
            loop.add_writer(fd, self._act, fd, curl.CSELECT_OUT)
        else:
            loop.remove_writer(fd)
        if what == curl.POLL_REMOVE:
            self._watched.discard(fd)

    def _on_timer(self, after_ms: int) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._multi is None or after_ms < 0:
            return
        if after_ms == 0:
            self._timer = self._loop.call_soon(self._ring)
        else:
            self._timer = self._loop.call_later(after_ms / 1e3, self._ring)

    # ------------------------------------------------------------ called by the event loop
    def _ring(self) -> None:
        self._timer = None
        self._act(self._curl.SOCKET_TIMEOUT, 0)

    def _act(self, fd: int, ready: int) -> None:
        if self._multi is None:
            return
        self._multi.socket_action(fd, ready)
        queued = 1
        while queued and self._multi is not None:  # who hears of an end may close everything
            queued, well, badly = self._multi.info_read()
            for easy in well:
                self._over(easy, 0, "")
            for easy, number, text in badly:
                self._over(easy, number, text)
