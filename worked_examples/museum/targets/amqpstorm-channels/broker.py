"""A broker that speaks as much of AMQP 0-9-1 as opening and closing channels needs."""

import socket
import struct
import threading
from typing import BinaryIO

END = b"\xce"
METHOD, HEARTBEAT = 1, 8
START, TUNE, OPEN_OK, CLOSE, CLOSE_OK = (10, 10), (10, 30), (10, 41), (10, 50), (10, 51)
START_OK, OPEN = (10, 11), (10, 40)
CHANNEL_OPEN, CHANNEL_OPEN_OK, CHANNEL_CLOSE, CHANNEL_CLOSE_OK = (
    (20, 10),
    (20, 11),
    (20, 40),
    (20, 41),
)
CHANNEL_ERROR = 504


def frame(kind: int, channel: int, payload: bytes) -> bytes:
    """One frame."""
    return struct.pack("!BHI", kind, channel, len(payload)) + payload + END


def method(channel: int, name: tuple[int, int], arguments: bytes = b"") -> bytes:
    """One method's frame."""
    return frame(METHOD, channel, struct.pack("!HH", *name) + arguments)


def long_text(text: bytes) -> bytes:
    """A text with its length before it."""
    return struct.pack("!I", len(text)) + text


class Peer(threading.Thread):
    """The broker's side of one connection."""

    def __init__(self, connection: socket.socket, channel_max: int) -> None:
        super().__init__(daemon=True)
        self.connection = connection
        self.channel_max = channel_max

    def run(self) -> None:
        """Greet, then answer until the client hangs up."""
        stream = self.connection.makefile("rb")
        stream.read(8)  # "AMQP" and the version
        mechanisms = long_text(b"PLAIN AMQPLAIN")
        greeting = b"\x00\x09" + long_text(b"") + mechanisms + long_text(b"en_US")
        self.connection.sendall(method(0, START, greeting))
        while self.take(stream):
            pass

    def take(self, stream: BinaryIO) -> bool:
        """Answer one frame; whether there can be another."""
        head = stream.read(7)
        if len(head) < 7:
            return False
        kind, channel, length = struct.unpack("!BHI", head)
        payload = stream.read(length)
        stream.read(1)
        if kind == HEARTBEAT:
            self.connection.sendall(frame(HEARTBEAT, 0, b""))
        elif kind == METHOD:
            self.connection.sendall(self.answer(channel, struct.unpack("!HH", payload[:4])))
        return True

    def answer(self, channel: int, name: tuple[int, ...]) -> bytes:
        """What a method is answered with; nothing for those that need no answer."""
        if name == CHANNEL_OPEN and channel > self.channel_max:
            why = (
                struct.pack("!H", CHANNEL_ERROR) + b"\x05CHMAX" + struct.pack("!HH", *CHANNEL_OPEN)
            )
            return method(0, CLOSE, why)
        answers = {
            START_OK: method(0, TUNE, struct.pack("!HIH", self.channel_max, 131072, 60)),
            OPEN: method(0, OPEN_OK, b"\x00"),
            CLOSE: method(0, CLOSE_OK),
            CHANNEL_OPEN: method(channel, CHANNEL_OPEN_OK, long_text(b"")),
            CHANNEL_CLOSE: method(channel, CHANNEL_CLOSE_OK),
        }
        return answers.get((name[0], name[1]), b"")


def serve(channel_max: int) -> int:
    """Listen on a free port of this machine, for as long as the process lives; gives the port."""
    listening = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            Peer(listening.accept()[0], channel_max).start()

    threading.Thread(target=accept, daemon=True).start()
    port: int = listening.getsockname()[1]
    return port
