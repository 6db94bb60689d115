"""How whole numbers are divided over the processes of load so that nothing is lost or doubled."""

from __future__ import annotations


def share(count: int, part: int, parts: int) -> int:
    """How many of the numbers below ``count`` are ``part`` modulo ``parts``; the shares of all
    parts add up to ``count``.
    """
    return max(0, (count - part + parts - 1) // parts)


def share_of_work(ops: int, users: int, part: int, parts: int) -> int:
    """``ops`` divided in proportion to the users of each part, so that all parts end together and
    none without a user gets any. What does not divide evenly goes to the first parts.
    """
    if not users:
        return 0
    mine = [ops * share(users, one, parts) // users for one in range(parts)]
    return mine[part] + (1 if part < ops - sum(mine) else 0)
