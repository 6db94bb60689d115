"""Wakes the open loop when an arrival is due: to some 50 µs on Linux, to a millisecond elsewhere.

The event loop's own timers are counted in milliseconds and fire up to one early, which would show
as slip in every response time. Linux has timers that are files: the loop waits for them like for a
socket.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import sys
from collections.abc import Callable

from perfstress.clock import now_ns
from perfstress.units import NS_PER_S

# Arrivals that are nearer to each other than this are woken for together.
NEAREST_NS = 300_000

_CLOCK_MONOTONIC = 1
_TFD_TIMER_ABSTIME = 1


class _Timespec(ctypes.Structure):
    _fields_ = (("tv_sec", ctypes.c_long), ("tv_nsec", ctypes.c_long))


class _Itimerspec(ctypes.Structure):
    _fields_ = (("it_interval", _Timespec), ("it_value", _Timespec))


class Alarm:
    """One alarm clock; ``callback`` is called once for each ``set``, never more than 1 ms early."""

    def __init__(self, loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> None:
        self._loop = loop
        self._callback = callback
        self._timer: asyncio.TimerHandle | None = None
        self._is_set = False
        self._fd = _timer_file()
        if self._fd is not None:
            self._spec = _Itimerspec()
            self._settime = ctypes.CDLL(None).timerfd_settime
            loop.add_reader(self._fd, self._rang)

    def set(self, due_ns: int) -> None:
        """Ring at this time of ``clock.now_ns``, but not before ``NEAREST_NS`` from now."""
        earliest_ns = now_ns() + NEAREST_NS
        due_ns = max(due_ns, earliest_ns)
        self._is_set = True
        if self._fd is None:
            wait_s = max(0.001, (due_ns - earliest_ns) / NS_PER_S)
            self._timer = self._loop.call_later(wait_s, self._rang)
            return
        value = self._spec.it_value
        value.tv_sec, value.tv_nsec = divmod(due_ns, NS_PER_S)
        # setting it also forgets that it rang, so it never has to be read
        self._settime(self._fd, _TFD_TIMER_ABSTIME, ctypes.byref(self._spec), None)

    def _rang(self) -> None:
        if self._is_set:
            self._is_set = False
            self._callback()
        if not self._is_set and self._fd is not None:
            self._disarm()

    def _disarm(self) -> None:
        self._spec.it_value.tv_sec = self._spec.it_value.tv_nsec = 0
        self._settime(self._fd, 0, ctypes.byref(self._spec), None)

    def close(self) -> None:
        """Ring no more."""
        self._is_set = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._fd is not None:
            self._loop.remove_reader(self._fd)
            os.close(self._fd)
            self._fd = None


def _timer_file() -> int | None:
    if sys.platform != "linux":
        return None
    try:
        fd: int = ctypes.CDLL(None).timerfd_create(_CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, AttributeError):
        return None
    return fd if fd >= 0 else None
