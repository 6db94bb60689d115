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
        if order.get("by") == "tasks" and not self.is_async:
            raise TypeError(f"{order['call']} is not async, so tasks cannot call it")


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
