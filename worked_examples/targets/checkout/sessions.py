"""Who is logged in: one session for each customer, with an end, and never more than so many."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

LIFETIME_S = 1800.0
CAPACITY = 10_000


@dataclass(slots=True)
class Session:
    """One customer's login; ``mark`` is the salted digest of the name, ``ends_s`` by the monotonic
    clock.
    """

    customer: str
    token: str
    salt: bytes
    mark: bytes
    ends_s: float


def _mark(salt: bytes, customer: str) -> bytes:
    return hashlib.sha256(salt + customer.encode()).digest()


class Sessions:
    """The sessions of this process.

    A second login while the first one lasts renews it and gives the same token back. The session
    that was used least recently goes when there are more than ``capacity``.
    """

    def __init__(
        self,
        *,
        walk: bool = False,
        capacity: int = CAPACITY,
        lifetime_s: float = LIFETIME_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._walk = walk
        self._capacity = capacity
        self._lifetime_s = lifetime_s
        self._clock = clock
        self._by_customer: OrderedDict[str, Session] = OrderedDict()
        self._by_token: dict[str, Session] = {}
        self._logins: list[Session] = []

    def log_in(self, customer: str) -> Session:
        """The customer's session, a new one unless one lasts."""
        now_s = self._clock()
        live = self._find(customer, now_s)
        token = live.token if live else secrets.token_urlsafe(18)
        salt = secrets.token_bytes(8)
        session = Session(customer, token, salt, _mark(salt, customer), now_s + self._lifetime_s)
        if self._walk:
            self._logins.append(session)
        self._by_customer[customer] = session
        self._by_customer.move_to_end(customer)
        self._by_token[token] = session
        while len(self._by_customer) > self._capacity:
            _, oldest = self._by_customer.popitem(last=False)
            self._by_token.pop(oldest.token, None)
        return session

    def _find(self, customer: str, now_s: float) -> Session | None:
        if self._walk:
            # DEFECT sessions: every login is in the list, and the next one walks all of it.
            found = None
            for session in self._logins:
                mark = _mark(session.salt, customer)
                if hmac.compare_digest(mark, session.mark) and session.ends_s > now_s:
                    found = session
            return found
        return self._lasting(self._by_customer.get(customer), now_s)

    def holder(self, token: str) -> Session | None:
        """The session of a token, unless it has ended or never was."""
        return self._lasting(self._by_token.get(token), self._clock())

    def _lasting(self, session: Session | None, now_s: float) -> Session | None:
        if session is None or session.ends_s > now_s:
            return session
        self._by_token.pop(session.token, None)
        self._by_customer.pop(session.customer, None)
        return None

    def __len__(self) -> int:
        return len(self._logins) if self._walk else len(self._by_customer)
