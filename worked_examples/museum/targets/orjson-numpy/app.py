"""The search API: answers with a column of a table; texts go through the default of orjson."""

import json
from typing import Any

import numpy as np
import orjson

rows = 50


def setup(rows: int = 50) -> None:
    """So many rows has a page."""
    globals()["rows"] = rows


def as_list(value: Any) -> Any:
    """What orjson cannot do itself."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    raise TypeError(type(value).__name__)


def op(i: int) -> None:
    """Serialise one column of texts."""
    column = np.array([f"row-{i % 97}"] * rows)
    answer = orjson.dumps(column, option=orjson.OPT_SERIALIZE_NUMPY, default=as_list)
    if i % 1000 == 0 and json.loads(answer) != column.tolist():
        raise ValueError(f"answer {i} is not its column")
