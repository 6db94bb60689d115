"""Answers kept for a client that repeats a request because its connection broke.

A client that wants this sends ``X-Request-ID``; the second request with the same id gets the first
answer again instead of a second order. An answer is kept as a record of fixed size, so that the
store is as large as its number of records.
"""

from __future__ import annotations

import struct
import uuid
from collections import OrderedDict

# Status, length, and the answer's body padded to the slot; a longer answer is not kept.
_RECORD = struct.Struct("<HH1020s")
SLOT_BYTES = 1020
KEPT = 1_024


class Answers:
    """The last ``KEPT`` answers by request id."""

    def __init__(self, *, keep_all: bool = False) -> None:
        self._keep_all = keep_all
        self._records: OrderedDict[str, bytes] = OrderedDict()

    def find(self, request_id: str) -> tuple[int, bytes] | None:
        """Status and body of the answer that this request got before."""
        record = self._records.get(request_id)
        if record is None:
            return None
        status, length, body = _RECORD.unpack(record)
        return status, body[:length]

    def keep(self, request_id: str, status: int, body: bytes) -> None:
        """Remember an answer."""
        if self._keep_all:
            # DEFECT cache: requests without an id get one that nobody will ever send again, and
            # the oldest answers stay.
            head = body[:SLOT_BYTES]
            self._records[request_id or uuid.uuid4().hex] = _RECORD.pack(status, len(head), head)
            return
        if not request_id or len(body) > SLOT_BYTES:
            return
        self._records[request_id] = _RECORD.pack(status, len(body), body)
        while len(self._records) > KEPT:
            self._records.popitem(last=False)

    def __len__(self) -> int:
        return len(self._records)
