"""Files that appear whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path


def write_whole(path: Path, text: str, *, newline: str | None = None) -> None:
    """Write a file so that a reader sees the old one or the new one, never half of either.

    ``newline`` as for ``open``: an empty one leaves the ends of lines as they are. Raises OSError,
    and then nothing is left of the new one.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(text, encoding="utf-8", newline=newline)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
