"""How much of a run each probe could see."""

from __future__ import annotations

from dataclasses import dataclass

from perfstress.protocols import Reading


@dataclass(slots=True)
class Sight:
    """What became of one probe's readings.

    ``watched_s`` is the time from the first to the last of them, ``blind_s`` how much of it lay
    between a reading that failed and the next that did not. A reading has failed when nothing of
    it could be read; one that was left out because it was not yet time says nothing.
    """

    good: int = 0
    failed: int = 0
    blind_s: float = 0.0
    watched_s: float = 0.0
    why: str = ""
    _first_s: float | None = None
    _blind_since_s: float | None = None

    def note(self, t_s: float, reading: Reading) -> None:
        """One reading at ``t_s`` of the run."""
        seen = any(value is not None for value in reading.values.values())
        if not seen and not reading.problem:
            return
        if self._first_s is None:
            self._first_s = t_s
        self.watched_s = t_s - self._first_s
        if self._blind_since_s is not None:
            self.blind_s += t_s - self._blind_since_s
        self._blind_since_s = None if seen else t_s
        if seen:
            self.good += 1
        else:
            self.failed += 1
            self.why = self.why or reading.problem
