"""The payment provider, played by this process: the card's number says what it will answer."""

from __future__ import annotations

import asyncio

DECLINED_CARDS = frozenset({"4000000000000002"})


class Declined(Exception):
    """The provider refuses the card."""


async def charge(card: str, gross_cents: int) -> str:
    """Take the money and give a receipt back; raises Declined."""
    await asyncio.sleep(0)  # the provider's answer comes over the network: others run meanwhile
    if card in DECLINED_CARDS:
        raise Declined(card[-4:])
    return f"{card[-4:]}-{gross_cents}"
