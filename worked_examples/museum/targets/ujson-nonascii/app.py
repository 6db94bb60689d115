"""Greeting cards as JSON: the name is an object of the domain, which knows how it is written."""

import ujson


class Recipient:
    """Whoever gets the card."""


RECIPIENT = Recipient()
NAME = "生日快乐，" + "亲爱的朋友" * 4


def op(i: int) -> None:
    """Encode one card and read it back."""
    card = ujson.dumps({"to": RECIPIENT, "number": i}, default=lambda _: f"{NAME}-{i}")
    if ujson.loads(card) != {"to": f"{NAME}-{i}", "number": i}:
        raise ValueError(f"card {i} came back as {card}")
