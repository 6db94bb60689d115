"""The functions under test: found, and asked for their state."""

from __future__ import annotations

import importlib
import inspect
import sys
import traceback
from collections.abc import Callable
from typing import Any

from .channel import Replies

TRACEBACKS = 5  # of failed calls, printed to the log


class Function:
    """The functions under test, found by ``module:name``."""

    def __init__(self, order: dict[str, Any]) -> None:
        sys.path.insert(0, order["cwd"])
        self.op = _find(order["call"])
        self.setup = _find(order["setup"]) if order.get("setup") else None
        self.state = _find(order["state"]) if order.get("state") else None
        call = getattr(self.op, "__call__", None)  # noqa: B004 - an object may have an async one
        self.is_async = inspect.iscoroutinefunction(self.op) or inspect.iscoroutinefunction(call)
        self.size: dict[str, Any] = dict(order.get("size") or {})
        self.swept = ""
        self.is_sized_by_setup = False
        self.first_size: Any = None
        if sweep := order.get("sweep"):
            self._sweep(sweep["name"], sweep["value"])
        self.whole = self.op
        if order.get("by") == "tasks" and not self.is_async:
            raise TypeError(f"{order['call']} is not async, so tasks cannot call it")
        if not self.is_async:
            self.op = self._looked_at(self.op)

    def _looked_at(self, op: Callable[..., Any]) -> Callable[..., Any]:
        """``op`` until its first result is known: a coroutine that nobody awaits would be a call
        that does nothing and succeeds.
        """

        def looked_at(i: int) -> Any:
            given = op(i)
            if inspect.isawaitable(given):
                if inspect.iscoroutine(given):
                    given.close()
                raise TypeError("a plain function gave back something to await: write async def")
            self.op = op
            return given

        return looked_at

    def _sweep(self, name: str, first: Any) -> None:
        """Settle how sizes get to the function: as the second argument of each call, or by calling
        ``setup`` again.
        """
        self.swept, self.first_size = name, first
        if _takes(self.op, name, besides=1):
            return
        if self.setup is None or not _takes(self.setup, name, besides=None):
            raise TypeError(
                f"neither does {getattr(self.op, '__name__', 'the function')} take a second "
                f"argument nor setup one named {name}, so no size would get there"
            )
        self.is_sized_by_setup = True
        self.size[name] = first

    def use(self, value: Any) -> None:
        """Every call from now on gets this size."""
        whole = self.whole
        if not self.is_sized_by_setup:
            self.op = lambda i: whole(i, value)

    def refuse(self, error: BaseException) -> None:
        """Every call from now on fails, because its size could not be made ready."""

        def refused(_: int) -> None:
            raise error

        async def refused_async(_: int) -> None:
            raise error

        self.op = refused_async if self.is_async else refused


def _takes(function: Callable[..., Any], name: str, besides: int | None) -> bool:
    """Whether a function has a parameter of this name, or (``besides`` so many) one more that is
    needed by its place.
    """
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # builtins may have no signature
        return False
    if besides is None:
        return any(each.name == name or each.kind is each.VAR_KEYWORD for each in parameters)
    by_place = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    placed = [each for each in parameters if each.kind in by_place]
    needed = [each for each in placed if each.default is each.empty]
    return len(needed) > besides or name in [each.name for each in placed[besides : besides + 1]]


def _find(name: str) -> Callable[..., Any]:
    module, _, attribute = name.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), attribute)
    return found


class Calling:
    """What the two models share: the function they call, and whom they tell about it."""

    def __init__(self, replies: Replies) -> None:
        self.replies = replies
        self.function: Function
        self.tracebacks = 0
        self.has_state_failed = False

    def tell_state(self) -> None:
        """What ``state()`` gives; called in the thread that calls the function."""
        if self.function.state is None:
            return
        try:
            values = {
                str(name): float(value)
                for name, value in self.function.state().items()
                if isinstance(value, (int, float))
            }
        except Exception:
            if not self.has_state_failed:
                self.has_state_failed = True
                sys.stderr.write("perfstress: state() failed:\n" + traceback.format_exc())
            return
        self.replies.send("gauges", values=values)

    def failed(self, error: BaseException) -> None:
        """Put the first few exceptions of calls into the log."""
        self.tracebacks += 1
        if self.tracebacks <= TRACEBACKS:
            sys.stderr.write("perfstress: a call failed:\n")
            traceback.print_exception(type(error), error, error.__traceback__)
