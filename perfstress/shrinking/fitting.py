"""Whether a smaller document is a valid example still, with a waiver for each dimension of
production that it no longer reaches.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from perfstress import loading, rules
from perfstress.rules.scale import DIMENSIONS
from perfstress.shrinking.writing import written
from perfstress.wholefile import write_whole

REASON = "reduced: shrunk from the whole example, which reaches it"


def fitting(document: Mapping[str, Any], file: Path, root: Path) -> dict[str, Any] | None:
    """The document with the waivers that it needs; None where it is no valid example.

    It is written to ``file``, where everything that the example names has to lie beside it.
    """
    fitted = copy.deepcopy(dict(document))
    loaded = _loaded(fitted, file)
    if loaded is None:
        return None
    if rules.check(loaded, root):
        waived = fitted["production"].setdefault("waive", {})
        for name, shortfalls in DIMENSIONS.items():
            if name not in waived and any(True for _ in shortfalls(loaded)):
                waived[name] = REASON
        loaded = _loaded(fitted, file)
        if loaded is None or rules.check(loaded, root):
            return None
    return fitted


def _loaded(document: Mapping[str, Any], file: Path) -> loading.Loaded | None:
    write_whole(file, written(document))
    loaded, _ = loading.check(file)
    return loaded
