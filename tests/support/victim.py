"""A process that takes hold of things on request and tells when it has, to test probes on.

Run as a program it reads a JSON object a line, ``{"do": NAME, ...}``, and answers each with one.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

DEADLINE_S = 10.0

T = TypeVar("T")


class Victim:
    """The process, from the test's side: ``victim.do("files", count=100, path=…)``."""

    def __init__(self) -> None:
        # A pipe for errors as well: what a test runner lends may be a deleted file.
        self.process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.do("nothing")

    @property
    def pid(self) -> int:
        return self.process.pid

    def do(self, what: str, **how: Any) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"do": what, **how}) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        """End it; what it started ends when its standard input closes."""
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()
        self.process.kill()
        self.process.wait()

    def __enter__(self) -> Victim:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def until(ask: Callable[[], T], wanted: Callable[[T], bool]) -> T:
    """What ``ask`` answers once it is what is wanted, or at the deadline."""
    end = time.monotonic() + DEADLINE_S
    answer = ask()
    while not wanted(answer) and time.monotonic() < end:
        time.sleep(0.02)
        answer = ask()
    return answer


# ---------------------------------------------------------------- the other side
_held: list[Any] = []
_waiting = "import sys; sys.stdin.read()"  # ends with the victim, which holds the other end


def _child(code: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )


def _nothing() -> dict[str, Any]:
    return {}


def _files(count: int, path: str) -> dict[str, Any]:
    _held.extend(open(path, "a") for _ in range(count))  # noqa: SIM115
    return {}


def _deleted(count: int, size: int) -> dict[str, Any]:
    for _ in range(count):
        file = tempfile.NamedTemporaryFile(delete=False)  # noqa: SIM115
        file.write(bytes(size))
        file.flush()
        os.fsync(file.fileno())
        os.unlink(file.name)
        _held.append(file)
    return {}


def _others(pipes: int = 0, eventfds: int = 0) -> dict[str, Any]:
    for _ in range(pipes):
        _held.append(os.pipe())
    for _ in range(eventfds):
        _held.append(os.eventfd(0))
    return {}


def _connect(count: int, port: int) -> dict[str, Any]:
    _held.extend(socket.create_connection(("127.0.0.1", port)) for _ in range(count))
    return {}


def _listen() -> dict[str, Any]:
    server = socket.create_server(("127.0.0.1", 0))
    _held.append(server)
    return {"port": server.getsockname()[1]}


def _accept(count: int) -> dict[str, Any]:
    server = next(held for held in _held if isinstance(held, socket.socket))
    _held.extend(server.accept()[0] for _ in range(count))
    return {}


def _unix(count: int) -> dict[str, Any]:
    for _ in range(count):
        _held.append(socket.socketpair())
    return {}


def _threads(count: int) -> dict[str, Any]:
    for _ in range(count):
        thread = threading.Thread(target=threading.Event().wait, daemon=True)
        thread.start()
        _held.append(thread)
    return {}


def _children(count: int, in_thread: bool = False) -> dict[str, Any]:
    """Children of the main thread, or of another that lives on."""
    children: list[subprocess.Popen[bytes]] = []
    started = threading.Event()

    def start() -> None:
        children.extend(_child(_waiting) for _ in range(count))
        started.set()
        if in_thread:
            threading.Event().wait()

    if in_thread:
        threading.Thread(target=start, daemon=True).start()
        started.wait()
    else:
        start()
    _held.extend(children)
    return {"pids": [child.pid for child in children]}


def _fork(count: int) -> dict[str, Any]:
    """Children that share every descriptor; each ends when the victim does."""
    pids = []
    for _ in range(count):
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            while os.getppid() == parent:
                time.sleep(0.05)
            os._exit(0)
        pids.append(pid)
    return {"pids": pids}


def _orphan() -> dict[str, Any]:
    """A child with a child of its own."""
    code = (
        "import subprocess, sys\n"
        f"child = subprocess.Popen([sys.executable, '-c', {_waiting!r}], stdin=0)\n"
        "print(child.pid, flush=True)\n"
        "sys.stdin.read()\n"
    )
    reading, writing = os.pipe()
    parent = subprocess.Popen([sys.executable, "-c", code], stdin=reading, stdout=subprocess.PIPE)
    os.close(reading)
    _held.append((parent, writing))
    assert parent.stdout is not None
    return {"parent": parent.pid, "grandchild": int(parent.stdout.readline())}


def _zombies(count: int) -> dict[str, Any]:
    pids = []
    for _ in range(count):
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        pids.append(pid)
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)  # it has ended and stays a zombie
    return {"pids": pids}


def _burn(seconds: float) -> dict[str, Any]:
    """CPU time in a child that is waited for."""
    code = f"import time\nwhile time.process_time() < {seconds}: pass"
    subprocess.run([sys.executable, "-c", code], check=True)
    return {}


def _memory(size: int) -> dict[str, Any]:
    block = bytearray(size)
    block[::4096] = b"x" * len(range(0, size, 4096))
    _held.append(block)
    return {}


def _let_go() -> dict[str, Any]:
    """Close and forget everything that can be."""
    for held in _held:
        for one in held if isinstance(held, tuple) else (held,):
            if isinstance(one, int):
                os.close(one)
            elif hasattr(one, "close"):
                one.close()
    _held.clear()
    return {}


REQUESTS: dict[str, Callable[..., dict[str, Any]]] = {
    "nothing": _nothing,
    "files": _files,
    "deleted": _deleted,
    "others": _others,
    "connect": _connect,
    "listen": _listen,
    "accept": _accept,
    "unix": _unix,
    "threads": _threads,
    "children": _children,
    "fork": _fork,
    "orphan": _orphan,
    "zombies": _zombies,
    "burn": _burn,
    "memory": _memory,
    "let_go": _let_go,
}


def main() -> None:
    for line in sys.stdin:
        request = json.loads(line)
        answer = REQUESTS[request.pop("do")](**request)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
