"""What came of one entry, and of all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from perfstress.comparing.compared import Compared
from perfstress.comparing.words import change
from perfstress.errors import ExitCode
from perfstress.replaying.plan import LeftOut, Plan
from perfstress.units import human_duration
from perfstress.verdict import Finding

# From harmless to worst: what one entry says decides for all.
SEVERITY = [
    ExitCode.PASS,
    ExitCode.INCONCLUSIVE,
    ExitCode.USAGE,
    ExitCode.GUARD,
    ExitCode.TARGET,
    ExitCode.BUG,
    ExitCode.FAIL,
]
VERDICTS = (ExitCode.PASS, ExitCode.FAIL, ExitCode.INCONCLUSIVE)


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of one entry; ``verdict`` is an Outcome's name, or ERROR with ``problem``.

    ``unclear`` are the reasons of the tries before this one, each of which was INCONCLUSIVE.
    ``comparison`` are the metrics beside those of another run, under their contract names.
    """

    name: str
    tier: str
    verdict: str
    exit_code: ExitCode
    seconds: float
    findings: tuple[Finding, ...] = ()
    run: str = ""
    problem: str = ""
    hint: str = ""
    slug: str = ""
    unclear: tuple[str, ...] = ()
    comparison: tuple[Mapping[str, Any], ...] = ()

    @property
    def retried(self) -> str:
        """Empty, or that and why it took more than one try."""
        if not self.unclear:
            return ""
        count = len(self.unclear)
        tries = "once" if count == 1 else f"{count} times"
        return f"INCONCLUSIVE before, and tried again {tries}: {self.unclear[-1]}"

    @property
    def took(self) -> str:
        """How long it took, for people; what could not begin took no time."""
        return human_duration(self.seconds) if self.seconds >= 0.05 else "-"

    @property
    def regressed(self) -> list[str]:
        """What became worse than it was beside the other run or commit, a sentence each."""
        compared = (Compared.from_json(one) for one in self.comparison)
        return [
            f"{one.metric.name} became worse: {change(one)}" for one in compared if one.is_worse
        ]

    @property
    def told(self) -> list[str]:
        """What there is to say besides the verdict, a sentence each."""
        sentences = [finding.summary for finding in self.findings if finding.fails]
        sentences += self.regressed
        if self.problem:
            sentences.append(self.problem + (f"  [{self.slug}]" if self.slug else ""))
        return [*sentences, *([self.retried] if self.retried else [])]

    def as_json(self) -> dict[str, Any]:
        """The entry under its contract names."""
        return {
            "name": self.name,
            "tier": self.tier,
            "verdict": self.verdict,
            "findings": [finding.as_json() for finding in self.findings],
            "comparison": [dict(metric) for metric in self.comparison],
            "seconds": round(self.seconds, 1),
            "run": self.run,
            "problem": self.problem,
            "hint": self.hint,
            "slug": self.slug,
            "exit_code": int(self.exit_code),
            "retried": bool(self.unclear),
            "unclear": list(self.unclear),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Replayed:
        """The entry that ``as_json`` wrote."""
        return cls(
            name=data["name"],
            tier=data["tier"],
            verdict=data["verdict"],
            exit_code=ExitCode(data["exit_code"]),
            seconds=data["seconds"],
            findings=tuple(_finding(one) for one in data["findings"]),
            run=data["run"],
            problem=data["problem"],
            hint=data["hint"],
            slug=data["slug"],
            unclear=tuple(data["unclear"]),
            comparison=tuple(data["comparison"]),
        )


def _finding(data: Mapping[str, Any]) -> Finding:
    fields = {name: value for name, value in data.items() if name not in ("class", "interval")}
    interval = data["interval"]
    return Finding(
        kind=data["class"],
        interval=None if interval is None else (interval[0], interval[1]),
        **fields,
    )


@dataclass(frozen=True, slots=True)
class Summary:
    """What came of a replay: the entries in the order in which they ran, and those that did not."""

    plan: Plan
    results: tuple[Replayed, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    interrupted: bool = False
    seconds: float = 0.0
    notes: Sequence[str] = field(default_factory=tuple)

    @property
    def exit_code(self) -> ExitCode:
        """The worst entry's; INCONCLUSIVE where the budget let nothing run, INTERRUPTED where
        somebody did.
        """
        if self.interrupted:
            return ExitCode.INTERRUPTED
        if not self.results and any(left.why.startswith("budget") for left in self.left_out):
            return ExitCode.INCONCLUSIVE
        codes = (result.exit_code for result in self.results)
        return max(codes, key=SEVERITY.index, default=ExitCode.PASS)

    @property
    def verdict(self) -> str:
        """PASS, FAIL or INCONCLUSIVE; ERROR where an entry could not be run, INTERRUPTED."""
        if self.interrupted:
            return "INTERRUPTED"
        return self.exit_code.name if self.exit_code in VERDICTS else "ERROR"

    @property
    def passed(self) -> int:
        """How many entries passed."""
        return sum(result.exit_code is ExitCode.PASS for result in self.results)

    def as_json(self) -> dict[str, Any]:
        """The object of ``replay --json``."""
        return {
            "verdict": self.verdict,
            "tier": self.plan.wanted.tier,
            "seconds": round(self.seconds, 1),
            "entries": [result.as_json() for result in self.results],
            "not_run": [left.as_json() for left in self.left_out],
        }
