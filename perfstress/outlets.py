"""Standard output and standard error that outlive their reader: ``perfstress discover … | head``
runs to its end and exits with its verdict.
"""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class _Outlet(io.FileIO):
    """A file whose reader may leave: what nobody reads any more is dropped. Any other error, such
    as a full disk, is raised once, and after that there is nothing more to say either.
    """

    broken = False
    told = True  # not of standard error: there is no one to tell

    def write(self, data: ReadableBuffer) -> int:
        if not self.broken:
            try:
                return super().write(data)
            except BrokenPipeError:
                self.broken = True
            except OSError:
                self.broken = True
                if self.told:
                    raise
        return memoryview(data).nbytes


def open_outlets() -> None:
    """Put outlets in the place of ``sys.stdout`` and ``sys.stderr``, also where one is closed."""
    sys.stdout = _outlet(sys.stdout, told=True)
    sys.stderr = _outlet(sys.stderr, told=False)


def _outlet(stream: TextIO | None, *, told: bool) -> TextIO:
    if stream is None:  # closed by the shell: >&-
        return open(os.devnull, "w", encoding="utf-8")
    raw = _Outlet(stream.fileno(), "wb", closefd=False)
    raw.told = told
    utf8 = stream.encoding.lower().replace("-", "") == "utf8"
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=stream.encoding,
        errors="surrogateescape" if utf8 else "replace",  # names of files may be any bytes
        line_buffering=stream.isatty() or not told,
    )
