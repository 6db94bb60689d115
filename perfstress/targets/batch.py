"""A batch command: nothing is started until the driver of ``runs`` starts it, a process a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perfstress.example import WorkedExample
from perfstress.protocols import Exit, Surroundings
from perfstress.substitute import redact
from perfstress.targets.build import build
from perfstress.targets.launch import Built, Launch, launch
from perfstress.targets.readiness import tail
from perfstress.targets.supervised import LOG


class BatchTarget:
    """The command of a batch, built and ready to be run by the driver, which also ends the runs."""

    def __init__(self, example: WorkedExample, around: Surroundings) -> None:
        self.example = example
        self.around = around
        self.log = around.run / LOG
        self.values: Mapping[str, str] = {"run": str(around.scratch), **around.services}
        self.built = Built()

    def start(self) -> None:
        """Build what the command needs."""
        self.built = build(self.example, self.around)
        self.values = {**self.values, "python": self.built.python}
        self.launch()  # what is wrong with it should be told before the first run
        self.log.touch()

    def launch(self) -> Launch:
        """The command as it is to be started now, with ``values`` put in."""
        return launch(self.example, self.around, self.built, self.values)

    def wait_ready(self) -> None:
        """A batch is always ready."""

    def roots(self) -> tuple[int, ...]:
        """None: the driver names the runs."""
        return ()

    def exited(self) -> Exit | None:
        """Never: a run that ends is an operation, not the end of the target."""
        return None

    def stop(self) -> Exit | None:
        """Nothing to stop: the driver ends its runs."""
        return None

    def log_tail(self, lines: int = 20) -> list[str]:
        """The last lines that the runs wrote, secrets redacted."""
        return tail(self.log, lines)

    def facts(self) -> Mapping[str, Any]:
        """What is run, for the record."""
        return {
            "kind": "batch",
            "argv": [redact(word) for word in self.launch().argv],
            **self.built.facts(),
        }
