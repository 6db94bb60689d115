"""Access tokens by client credentials (RFC 6749 4.4): one for each process, renewed before its end.

The requests for tokens are not load: they go through ``control``, and are counted apart.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

from perfstress.control import post_form
from perfstress.engine.script import OAuth2Script
from perfstress.errors import TargetError
from perfstress.substitute import redact, remember_secret

WITHIN_S = 10.0
# A token is renewed when this much of its life is over; after a failure it is tried again soon.
RENEW_AFTER = 0.8
AGAIN_AFTER_S = 1.0
# A token that says nothing about its end is taken to last.
_SHORTEST_LIFE_S = 1.0


def fetch(script: OAuth2Script) -> tuple[str, float | None]:
    """A token and how many seconds it lives (None when it does not say); raises TargetError."""
    fields = {"grant_type": "client_credentials"}
    if script.scope:
        fields["scope"] = script.scope
    answer = post_form(
        script.token_url, fields, WITHIN_S, basic=(script.client_id, script.client_secret)
    )
    where = f"{script.token_url} gives no token"
    try:
        document = json.loads(answer.body)
    except ValueError:
        document = None
    told = document if isinstance(document, dict) else {}
    if not answer.is_success:
        said = str(told.get("error_description") or told.get("error") or "")
        why = f": {redact(said)[:120]}" if said else ""
        raise TargetError(
            f"{where}: status {answer.status}{why}",
            hint="are client_id and client_secret those of this server?",
            slug="no-token",
        )
    token = told.get("access_token")
    if not isinstance(token, str) or not token or any(ord(c) < 33 or ord(c) > 126 for c in token):
        raise TargetError(f"{where}: the answer has no access_token", slug="no-token")
    kind = told.get("token_type", "Bearer")
    if not isinstance(kind, str) or kind.lower() != "bearer":
        raise TargetError(f"{where}: a token of the type {kind!r} is not known", slug="no-token")
    remember_secret(token)
    life = told.get("expires_in")
    try:
        life_s = None if life is None else max(_SHORTEST_LIFE_S, float(life))
    except (TypeError, ValueError):
        life_s = None
    return token, life_s


class Tokens:
    """The token of one process. ``line`` is the header that carries it, as of now."""

    def __init__(
        self,
        script: OAuth2Script,
        loop: asyncio.AbstractEventLoop,
        trouble: Callable[[str, str], None],
    ) -> None:
        self._script = script
        self._loop = loop
        self._trouble = trouble
        self._timer: asyncio.TimerHandle | None = None
        self._renewing: asyncio.Task[None] | None = None
        self.fetched = self.failed = 0
        self.line = b""
        self._take(*fetch(script))

    def _take(self, token: str, life_s: float | None) -> None:
        self.fetched += 1
        self.line = b"authorization: Bearer " + token.encode("ascii") + b"\r\n"
        if life_s is not None:
            self._timer = self._loop.call_later(life_s * RENEW_AFTER, self._renew)

    def _renew(self) -> None:
        self._renewing = self._loop.create_task(self._renewed())

    async def _renewed(self) -> None:
        try:
            # in a thread, because load must not wait for it
            self._take(*await self._loop.run_in_executor(None, fetch, self._script))
        except TargetError as error:
            self.failed += 1
            self._trouble("token", error.message)
            self._timer = self._loop.call_later(AGAIN_AFTER_S, self._renew)

    def gauges(self) -> dict[str, float]:
        """How often a token was asked for since the start, and how often in vain."""
        return {"tokens": float(self.fetched), "token_failures": float(self.failed)}

    def close(self) -> None:
        """Renew no more."""
        if self._timer is not None:
            self._timer.cancel()
