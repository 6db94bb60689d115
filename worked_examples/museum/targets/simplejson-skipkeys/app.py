"""The audit log: whatever a handler reports as sorted JSON, without keys that JSON cannot have."""

import simplejson


def op(i: int) -> None:
    """Encode the record of one call."""
    record = {"call": i, (1, 2): f"x{i}" * 20, (3, 4): i, "actor": "system"}
    text = simplejson.dumps(record, skipkeys=True, item_sort_key=lambda item: str(item[0]))
    if text != f'{{"actor": "system", "call": {i}}}':
        raise ValueError(f"record {i} became {text}")
