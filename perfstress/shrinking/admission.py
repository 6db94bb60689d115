"""Which finding of a run is shrunk, or every reason why the run cannot be."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from perfstress.errors import UsageError
from perfstress.run import Run
from perfstress.verdict import Finding, Outcome, Verdict


@dataclass(frozen=True, slots=True)
class Wanted:
    """The finding that has to be there still: its class and its resource."""

    kind: str
    resource: str

    def is_in(self, verdict: Verdict) -> bool:
        """Whether the verdict fails because of it, among others."""
        return verdict.outcome is Outcome.FAIL and any(map(self.is_same, verdict.findings))

    def is_same(self, finding: Finding) -> bool:
        """Whether this is that finding."""
        return finding.fails and (finding.kind, finding.resource) == (self.kind, self.resource)

    def __str__(self) -> str:
        return f"{self.kind} of {self.resource}" if self.resource else self.kind


def wanted(run: Run, verdict: Verdict, asked: str | None = None) -> Wanted:
    """The first finding that fails the run, or the first of the class that was asked for.

    Raises UsageError with every reason against shrinking.
    """
    failing = [finding for finding in verdict.findings if finding.fails]
    if reasons := _against(run, verdict, failing):
        raise UsageError(
            f"{run.path}: cannot be shrunk\n" + "\n".join(f"  - {reason}" for reason in reasons),
            hint="perfstress discover EXAMPLE  makes a run at full scale",
            slug="not-shrinkable",
        )
    chosen = [finding for finding in failing if asked in (None, finding.kind)]
    if not chosen:
        raise UsageError(
            f"--finding {asked}: the run has no such finding",
            hint=f"it has: {', '.join(dict.fromkeys(finding.kind for finding in failing))}",
            slug="no-finding",
        )
    return Wanted(chosen[0].kind, chosen[0].resource)


def _against(run: Run, verdict: Verdict, failing: list[Finding]) -> list[str]:
    manifest = run.manifest
    reasons = []
    if verdict.outcome is not Outcome.FAIL:
        reasons.append(f"the run says {verdict.outcome}: only a FAIL shows something to keep")
    elif not failing:
        reasons.append("the run has no finding that failed it")
    if manifest.scale < 1:
        reasons.append(f"the run was reduced to {manifest.scale:g} of its scale")
    if manifest.planted:
        reasons.append(f"a leak was planted in the run: {', '.join(manifest.planted)}")
    if manifest.confirms:
        reasons.append(f"the run was made to confirm another one: {manifest.confirms}")
    if run.example.target.attach is not None:
        reasons.append("the target was attached to: it cannot be started afresh for each try")
    if not Path(manifest.example_path).is_file():
        reasons.append(f"{manifest.example_path} is gone: files are looked for beside it")
    return reasons
