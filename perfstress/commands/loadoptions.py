"""The load that the options of ``perfstress hit`` ask for: one epoch, a pause, processes."""

from __future__ import annotations

from dataclasses import dataclass

from perfstress.engine import guard
from perfstress.engine.pauses import Spread, mean_ns
from perfstress.engine.script import StepScript
from perfstress.errors import UsageError
from perfstress.fleet import cores
from perfstress.plan import Epoch
from perfstress.units import parse_duration, parse_rate

DEFAULT_CONCURRENCY = 10
DEFAULT_DURATION = "10s"
MAX_IN_FLIGHT = 10_000
MOST_PROCESSES = 64
SEED = 1


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """How much, how long and how: texts as they were typed, None where they were not."""

    rate: str | None = None
    concurrency: int | None = None
    users: int | None = None
    think: str | None = None
    pacing: str | None = None
    duration: str | None = None
    requests: int | None = None
    iterations: int | None = None
    arrivals: str | None = None
    timeout: str = "10s"

    def epoch(self) -> Epoch:
        """The one stretch of load; raises UsageError for options that do not go together."""
        self._fit()
        low, high = self._levels()
        timeout_ns = duration_of(self.timeout, "--timeout")
        ops = self.requests
        if self.iterations is not None:
            ops = self.iterations * round(high)
        by_time = self.duration or (DEFAULT_DURATION if ops is None else None)
        duration_ns = None if by_time is None else duration_of(by_time, "--duration")
        amounts = [low + high, timeout_ns, duration_ns, ops]
        if low < 0 or not all(amount is None or amount > 0 for amount in amounts):
            raise UsageError(
                "the load, its --duration or amount, and --timeout have to be above zero",
                slug="bad-option",
            )
        return Epoch(
            index=0,
            stage="hit",
            kind="work",
            model="open" if self.rate is not None else "closed",
            start_level=low,
            end_level=high,
            duration_ns=duration_ns,
            ops=ops,
            arrivals="uniform" if self.arrivals == "uniform" else "poisson",
            mix={"hit": 1.0},
            seed=SEED,
            floor=True,
            max_in_flight=MAX_IN_FLIGHT,
            timeout_ns=timeout_ns,
            iterations=self.iterations,
        )

    def pause(self) -> tuple[StepScript, ...]:
        """The step in which a user thinks; none without one."""
        if self.think is None:
            return ()
        low, dots, high = self.think.partition("..")
        spread: Spread | None = None
        if dots:
            bounds = duration_of(low, "--think"), duration_of(high, "--think")
            spread = ("uniform", bounds)
            if bounds[0] > bounds[1]:
                raise UsageError("--think: the shortest pause comes first", slug="bad-option")
        elif self.think.startswith("exp:"):
            spread = ("exponential", (duration_of(self.think.removeprefix("exp:"), "--think"),))
        think_ns = duration_of(self.think, "--think") if spread is None else mean_ns(spread)
        return (StepScript("think", think_ns=think_ns, spread=spread),) if think_ns else ()

    def pacing_ns(self) -> int:
        """How often a user begins at most; 0 as often as it can."""
        return 0 if self.pacing is None else duration_of(self.pacing, "--pacing")

    def _fit(self) -> None:
        if sum(option is not None for option in (self.rate, self.concurrency, self.users)) > 1:
            raise UsageError(
                "only one of --rate, --concurrency and --users can be given",
                hint="--rate is the open model, the other two are the closed one",
                slug="bad-option",
            )
        for name in ("think", "pacing", "iterations"):
            if getattr(self, name) is not None and self.users is None:
                raise UsageError(f"--{name} needs --users", slug="bad-option")
        if self.arrivals is not None and self.rate is None:
            raise UsageError("--arrivals needs --rate", slug="bad-option")
        if self.arrivals not in (None, "poisson", "uniform"):
            raise UsageError(
                f"--arrivals: {self.arrivals!r} is not known",
                hint="one of poisson, uniform",
                slug="bad-option",
            )
        if self.iterations is not None and self.requests is not None:
            raise UsageError("--iterations and --requests exclude each other", slug="bad-option")

    def _levels(self) -> tuple[float, float]:
        """The level at the start and at the end."""
        if self.rate is None:
            given = (self.users, self.concurrency)
            level = next((number for number in given if number is not None), DEFAULT_CONCURRENCY)
            return float(level), float(level)
        low, dots, high = self.rate.partition("..")
        levels = _rate(low), _rate(high if dots else low)
        guard.check_rate(max(levels))
        if dots and self.requests is not None:
            raise UsageError("--requests: a ramp takes a --duration", slug="bad-option")
        return levels


def _rate(text: str) -> float:
    try:
        return parse_rate(text)
    except ValueError as error:
        raise UsageError(f"--rate: {error}", slug="bad-option") from error


def duration_of(text: str, option: str) -> int:
    """Nanoseconds; raises UsageError naming the option."""
    try:
        return parse_duration(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}", slug="bad-option") from error


def processes_of(text: str) -> cores.HowMany:
    """``auto`` or a number; raises UsageError."""
    if text == "auto":
        return "auto"
    if text.isdecimal() and 1 <= int(text) <= MOST_PROCESSES:
        return int(text)
    raise UsageError(
        f"--processes: {text!r} is not auto or a number from 1 to {MOST_PROCESSES}",
        slug="bad-option",
    )
