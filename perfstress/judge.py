"""The verdict on a run: first whether the run itself can be believed, then what it shows."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from perfstress import loadsummary
from perfstress.detectors import DETECTORS
from perfstress.prose import explained
from perfstress.run import Run
from perfstress.verdict import (
    BlindSpot,
    Check,
    Detection,
    Finding,
    GeneratorHealth,
    LoadSummary,
    Outcome,
    Verdict,
)

# The kinds that a generator which fell behind can cause by itself: under doubts about the load they
# are told, and do not fail the run.
_OF_THE_LOAD = ("latency-objective", "objective", "no-recovery", "latency-drift")
_CONFIRMED_KINDS = ("-growth", "-drift")

BEHIND_RATE = 0.95
SLIP_S = 0.050
SLIP_SHARE = 0.25
BUSY_SHARE = 0.95
BUSY_SLIP_S = 0.010


def judge(run: Run) -> Verdict:
    """The whole judgement; a pure function of the run, and of the run that confirms it."""
    load = summary_of(run)
    generator = health_of(run)
    doubts = [*completeness(run), *load_doubts(run, load, generator)]
    detections = {name: detector(run) for name, detector in DETECTORS.items()}
    findings = [finding for found in detections.values() for finding in found.findings]
    findings, unproven, notes = _confirmed(run, findings)
    findings = list(explained(run, findings))
    load_is_real = not load_doubts(run, load, generator)
    failing = [f for f in findings if f.fails and (load_is_real or f.kind not in _OF_THE_LOAD)]
    checks = _checks(run, detections.values())
    demanded = [doubt for found in detections.values() for doubt in found.doubts]
    open_checks = [
        f"{check.text}: {check.seen}" for check in checks if check.outcome is Outcome.INCONCLUSIVE
    ]
    reasons: tuple[str, ...]
    unsettled = [*doubts, *unproven, *demanded, *open_checks]
    if failing:
        outcome, reasons = Outcome.FAIL, tuple(finding.summary for finding in failing)
        notes = [*notes, *doubts]
    elif unsettled or any(finding.fails for finding in findings):
        outcome, reasons = Outcome.INCONCLUSIVE, tuple(dict.fromkeys(unsettled))
    else:
        outcome, reasons = Outcome.PASS, ()
    return Verdict(
        outcome=outcome,
        example=run.manifest.example,
        run=str(run.path),
        reasons=reasons,
        next_step=_next_step(run, outcome, detections.values(), load_is_real),
        findings=tuple(sorted(findings, key=lambda finding: not finding.fails)),
        checks=checks,
        could_not_see=_blind_spots(detections.values()),
        notes=(*notes, *(note for found in detections.values() for note in found.notes)),
        reduced=run.manifest.scale < 1,
        load=load,
        generator=generator,
    )


def summary_of(run: Run) -> LoadSummary:
    """What was sent and how it was answered, with what the events know of rates and drops."""
    return loadsummary.summarise(run.intervals, run.work_epochs)


def health_of(run: Run) -> GeneratorHealth:
    """What the generator cost, over the whole run."""
    healths = [event.facts.get("health") or {} for event in run.events_named("epoch-ended")]

    def worst(name: str) -> float:
        return max((float(health.get(name) or 0) for health in healths), default=0.0)

    return GeneratorHealth(
        cpu_s=worst("cpu_s"),
        max_rss_bytes=int(worst("max_rss_bytes")),
        open_files=int(worst("open_files")),
        loop_lag_ms=worst("loop_lag_ms"),
        cpu_share=worst("cpu_share"),
    )


def completeness(run: Run) -> list[str]:
    return []


def load_doubts(run: Run, load: LoadSummary, generator: GeneratorHealth) -> list[str]:
    return []


def _confirmed(run: Run, findings: list[Finding]) -> tuple[list[Finding], list[str], list[str]]:
    return findings, [], []


def _checks(run: Run, detections: Iterable[Detection]) -> tuple[Check, ...]:
    found = {place: check for detection in detections for place, check in detection.checks.items()}
    return tuple(found[place] for place in sorted(found))


def _blind_spots(detections: Iterable[Detection]) -> tuple[BlindSpot, ...]:
    return tuple(spot for found in detections for spot in found.could_not_see)


def _next_step(
    run: Run, outcome: Outcome, detections: Iterable[Detection], load_is_real: bool
) -> str:
    return ""
