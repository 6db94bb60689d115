"""WebSocket frames (RFC 6455, section 5): written masked, as clients do, and read strictly."""

from __future__ import annotations

import os
import struct

from perfstress.engine.talk import TalkError

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA

LONGEST_CONTROL_BYTES = 125


def frame(opcode: int, payload: bytes) -> bytes:
    """One whole message as a client sends it."""
    length = len(payload)
    if length <= LONGEST_CONTROL_BYTES:
        head = struct.pack("!BB", 0x80 | opcode, 0x80 | length)
    elif length < 1 << 16:
        head = struct.pack("!BBH", 0x80 | opcode, 0x80 | 126, length)
    else:
        head = struct.pack("!BBQ", 0x80 | opcode, 0x80 | 127, length)
    mask = os.urandom(4)
    return head + mask + masked(payload, mask)


def masked(payload: bytes, mask: bytes) -> bytes:
    """The payload with the mask on, or off again."""
    length = len(payload)
    if not length:
        return b""
    pad = (mask * (length // 4 + 1))[:length]
    whole = int.from_bytes(payload, "little") ^ int.from_bytes(pad, "little")
    return whole.to_bytes(length, "little")


def parse(buffer: bytearray, longest_bytes: int) -> tuple[int, bool, bytes, int] | None:
    """The first frame of a buffer: opcode, whether it is the last of its message, payload and how
    many bytes it takes; None while it is not whole.

    Raises TalkError for what a server may not send (protocol), or for too long a frame (size).
    """
    if len(buffer) < 2:
        return None
    first, second = buffer[0], buffer[1]
    opcode, is_last, length = first & 0x0F, bool(first & 0x80), second & 0x7F
    if first & 0x70:
        raise TalkError("protocol", "a frame with reserved bits that nobody has agreed on")
    if second & 0x80:
        raise TalkError("protocol", "a masked frame, which servers do not send")
    if opcode not in (CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG):
        raise TalkError("protocol", f"a frame of the unknown kind {opcode}")
    if opcode >= CLOSE and (length > LONGEST_CONTROL_BYTES or not is_last):
        raise TalkError("protocol", "a control frame that is too long, or in pieces")
    at = 2
    if length >= 126:
        size = 2 if length == 126 else 8
        at += size
        if len(buffer) < at:
            return None
        length = int.from_bytes(buffer[2:at], "big")
    if length > longest_bytes:
        raise TalkError("size", f"a frame of {length} bytes")
    if len(buffer) < at + length:
        return None
    return opcode, is_last, bytes(buffer[at : at + length]), at + length
