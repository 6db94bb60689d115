"""Expected text in files: compared with paths scrubbed, renewed by ``--update-golden``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Golden:
    """Files below ``folder``; ``update`` writes them instead of comparing."""

    folder: Path
    update: bool

    def check(self, name: str, seen: str, scrubs: Mapping[str, str] | None = None) -> None:
        """Fail unless ``seen`` is what the file holds; what was seen is then left beside it.

        ``scrubs`` maps what differs from place to place (a temporary path) to what stands for it.
        """
        for found, stand_in in (scrubs or {}).items():
            seen = seen.replace(found, stand_in)
        path = self.folder / name
        if self.update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(seen, encoding="utf-8")
            return
        expected = path.read_text("utf-8") if path.exists() else ""
        actual = path.with_name(path.name + ".actual")
        if seen == expected:
            actual.unlink(missing_ok=True)
            return
        actual.write_text(seen, encoding="utf-8")
        assert seen == expected, f"{path} differs; look at {actual}, accept with --update-golden"
