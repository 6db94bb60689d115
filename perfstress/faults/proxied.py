"""A service that is slow, narrow or gone, by what the proxy before it does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perfstress.example import Fault
from perfstress.faults.scene import Scene
from perfstress.units import NS_PER_S


class Proxied:
    """Delay, throttle or cut, until it is ended."""

    def __init__(self, fault: Fault, scene: Scene) -> None:
        assert fault.proxy is not None
        self._fault = fault.proxy
        self._service = fault.to
        self._services = scene.services

    def begin(self) -> Mapping[str, Any]:
        """Have the proxy do it from now on."""
        self._services.behave(
            self._service,
            delay_s=(self._fault.delay or 0) / NS_PER_S,
            throttle=self._fault.throttle or 0,
            cut=bool(self._fault.cut),
        )
        return {}

    def is_over(self) -> bool:
        """It lasts until it is ended."""
        return False

    def end(self) -> Mapping[str, Any]:
        """Have the proxy pass everything on again."""
        self._services.behave(self._service)
        return {}

    def cancel(self) -> None:
        """Nothing here takes long."""
