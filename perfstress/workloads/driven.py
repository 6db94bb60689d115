"""Drives journeys in processes of load: what http, tcp, sql and ws have in common."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from perfstress import plan
from perfstress.engine import guard
from perfstress.engine.script import Script
from perfstress.engine.talkscript import TalkScript
from perfstress.errors import ExampleError, Problem, UsageError
from perfstress.example import WorkedExample
from perfstress.fleet import Fleet, fleet_for
from perfstress.plan import Epoch
from perfstress.protocols import BlockDone, DriverEvent, EpochDone, Lost, Surroundings, Target
from perfstress.substitute import redact

_READY_WITHIN_S = 60.0

ScriptOf = Callable[[WorkedExample, Mapping[str, str], Path], Script | TalkScript]


class Driven:
    """Meets ``protocols.Driver`` for the workload ``kind``, whose script ``script_of`` makes."""

    def __init__(
        self,
        example: WorkedExample,
        target: Target,
        around: Surroundings,
        kind: str,
        script_of: ScriptOf,
    ) -> None:
        self._example = example
        self._target = target
        self._around = around
        self._kind = kind
        self._script_of = script_of
        self._fleet: Fleet | None = None

    def prepare(self, zero_ns: int) -> None:
        """Resolve and allow the address, start the processes, have them compile the journeys."""
        example = self._example
        planned = plan.epochs(example, folder=self._around.folder)
        if example.shape.model == "open":
            guard.check_rate(plan.highest_level(planned))
        try:
            script = self._script_of(example, self._target.values, self._around.folder)
            here = not script.address or guard.is_loopback(script.address)
            self._fleet = fleet = fleet_for(example, planned, target_here=here)
            fleet.launch(script.as_json(), zero_ns)
            fleet.ready(_READY_WITHIN_S)
        except UsageError as error:
            self.close()
            where = "shape" if error.slug == "cannot-pin" else f"workload.{self._kind}"
            problem = Problem(
                f"{example.name}.yaml",
                error.slug,
                f"{where}.{error.message}",
                error.hint,
            )
            raise ExampleError([problem]) from error
        except BaseException:
            self.close()
            raise

    def begin(self, block: Sequence[Epoch], at_ns: int) -> None:
        """Start a block at this time of ``clock.now_ns``."""
        assert self._fleet is not None
        self._fleet.start_at(block, at_ns)

    def poll(self, timeout_s: float) -> Sequence[DriverEvent]:
        """What has happened, secrets taken out of what servers said."""
        assert self._fleet is not None
        return [_redacted(event) for event in self._fleet.poll(timeout_s)]

    def go_on(self, index: int, at_ns: int) -> None:
        """Leave out what of the block comes before epoch ``index``, from this time on."""
        assert self._fleet is not None
        self._fleet.go_on(index, at_ns)

    def cancel(self) -> None:
        """End the block soon."""
        assert self._fleet is not None
        self._fleet.cancel()

    def quiet(self) -> None:
        """Nothing to let go: idle connections are closed at the end of each block."""

    def roots(self) -> tuple[int, ...]:
        """No processes besides the target's are to be watched."""
        return ()

    def close(self) -> str | None:
        """End the processes of load."""
        if self._fleet is not None:
            self._fleet.stop()
        return None


def _redacted(event: DriverEvent) -> DriverEvent:
    if isinstance(event, EpochDone | BlockDone) and event.troubles:
        troubles = {kind: redact(why) for kind, why in event.troubles.items()}
        return dataclasses.replace(event, troubles=troubles)
    return Lost(redact(event.why)) if isinstance(event, Lost) else event
