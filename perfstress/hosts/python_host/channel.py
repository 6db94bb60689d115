"""The pipe on which the host tells perfstress what happens."""

from __future__ import annotations

import json
import os
import threading
from typing import Any


class Replies:
    """The pipe to perfstress; whole lines, from any thread."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.lock = threading.Lock()

    def send(self, kind: str, **facts: Any) -> None:
        """Tell perfstress; if it has gone, so does the host."""
        line = json.dumps({"reply": kind, **facts}, separators=(",", ":")).encode() + b"\n"
        try:
            with self.lock:
                while line:
                    line = line[os.write(self.descriptor, line) :]
        except OSError:
            os._exit(1)
