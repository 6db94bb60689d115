"""Who is logged in: one session for each customer, with an end."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

LIFETIME_S = 1800.0

# Of the digest that tells whose session one is: some 5 µs.
_ROUNDS = 8


@dataclass(slots=True)
class Session:
    """One customer's login; ``ends_s`` is by the monotonic clock, and ``mark`` the salted digest of
    the name.
    """

    customer: str
    token: str
    salt: bytes
    mark: bytes
    ends_s: float


def _new(customer: str, token: str, ends_s: float) -> Session:
    salt = secrets.token_bytes(8)
    return Session(customer, token, salt, _mark(salt, customer), ends_s)


def _mark(salt: bytes, customer: str) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", customer.encode(), salt, _ROUNDS)


class Sessions:
    """The sessions of this process: a place for each customer, made at the start.

    A second login while the first one lasts renews it and gives the same token back.
    """

    def __init__(
        self,
        customers: Iterable[str],
        *,
        walk: bool = False,
        lifetime_s: float = LIFETIME_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._walk = walk
        self._lifetime_s = lifetime_s
        self._clock = clock
        places = [_new(customer, secrets.token_urlsafe(18), clock()) for customer in customers]
        self._by_customer = {session.customer: session for session in places}
        self._by_token = {session.token: session for session in places}
        self._logins: list[Session] = []

    def log_in(self, customer: str) -> Session:
        """The customer's session, renewed, with a new token unless the last one still holds.

        Raises KeyError for a customer who was not there at the start.
        """
        now_s = self._clock()
        session = self._by_customer[customer]
        live = self._walk_to(customer, now_s) if self._walk else _if_live(session, now_s)
        if live is None:
            del self._by_token[session.token]
            session.token = secrets.token_urlsafe(18)
            self._by_token[session.token] = session
        session.ends_s = now_s + self._lifetime_s
        if self._walk:
            self._logins.append(_new(customer, session.token, session.ends_s))
        return session

    def _walk_to(self, customer: str, now_s: float) -> Session | None:
        # DEFECT sessions: every login is put on a list, and the next one walks all of it.
        found = None
        for session in self._logins:
            mark = _mark(session.salt, customer)
            if hmac.compare_digest(mark, session.mark) and session.ends_s > now_s:
                found = session
        return found

    def holder(self, token: str) -> Session | None:
        """The session of a token, unless it has ended or never was."""
        session = self._by_token.get(token)
        return None if session is None else _if_live(session, self._clock())

    def __len__(self) -> int:
        return len(self._logins) if self._walk else len(self._by_customer)


def _if_live(session: Session, now_s: float) -> Session | None:
    return session if session.ends_s > now_s else None
