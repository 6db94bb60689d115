"""The verdict on a run: first whether the run itself can be believed, then what it shows.

In order: what makes a run unbelievable (it was cut short, the load was not real, a declared probe
could not be read) is a *doubt*. Doubts outrank passes: with one, nothing passes. They never hide
what does not depend on the load having been right: a crash, a hang, a confirmed growth, lost orders
and errors fail under any doubt, while latencies, rates and recovery, which a generator that fell
behind can spoil by itself, do not. ``docs/method.md`` has the table.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from perfstress import believable, loadsummary, planted
from perfstress.confirmation import confirmed
from perfstress.detectors import DETECTORS
from perfstress.plan import Epoch
from perfstress.prose import explained
from perfstress.run import Run
from perfstress.verdict import (
    Check,
    Detection,
    Finding,
    GeneratorHealth,
    LoadSummary,
    Outcome,
    Verdict,
)

# What a generator that fell behind can cause by itself.
OF_THE_LOAD = (
    "latency-objective",
    "objective",
    "no-recovery",
    "latency-drift",
    "knee",
    "throughput-collapse",
)


def judge(run: Run) -> Verdict:
    """The whole judgement; a pure function of the run, and of the run that confirms it."""
    load = summary_of(run)
    generator = health_of(run, load)
    unreal = _unreal(run, load, generator)
    doubts = [*believable.cut_short(run), *unreal, *believable.blind_probes(run)]
    detections = [detector(run) for detector in DETECTORS.values()]
    findings, unproven, notes = confirmed(
        run, [finding for found in detections for finding in found.findings]
    )
    notes = [*notes, *_loud(run)]
    findings = list(explained(run, findings))
    checks = _checks(detections)
    failing = [f for f in findings if f.fails and not (unreal and _of_the_load(f))]
    unsettled = [*doubts, *unproven, *_unsettled(detections, checks, findings)]
    spots = tuple(spot for found in detections for spot in found.could_not_see)
    if failing:
        outcome = Outcome.FAIL
        reasons = [finding.summary for finding in failing]
        notes = [*notes, *doubts, *unproven]
    elif unsettled:
        outcome, reasons = Outcome.INCONCLUSIVE, unsettled
    else:
        outcome, reasons = Outcome.PASS, []
    return Verdict(
        outcome=outcome,
        example=run.manifest.example,
        run=str(run.path),
        reasons=tuple(dict.fromkeys(reasons)),
        next_step=_next_step(run, outcome, findings, bool(unreal)),
        findings=tuple(sorted(findings, key=_rank)),
        checks=checks,
        could_not_see=spots,
        notes=(*notes, *_spread(run), *(note for found in detections for note in found.notes)),
        reduced=run.manifest.scale < 1,
        planted=planted.compared(run, findings, spots),
        load=load,
        generator=generator,
    )


def _of_the_load(finding: Finding) -> bool:
    return finding.kind in OF_THE_LOAD or finding.label == "SLOWED"


def _unreal(run: Run, load: LoadSummary, generator: GeneratorHealth) -> list[str]:
    """The doubts about the load; a climb, which goes on until something gives, judges its own."""
    if any(epoch.climbs for epoch in run.work_epochs):
        held = [epoch for epoch in run.work_epochs if not epoch.climbs]
        load = summary_of(run, held)
        generator = health_of(run, load, held)
    return believable.load_doubts(run, load, generator)


def _spread(run: Run) -> list[str]:
    """What of the load was drawn although it was recorded."""
    return [
        f"the arrivals of {epoch.stage} are recorded in whole seconds; "
        "where in its second each came was drawn from the seed"
        for epoch in run.work_epochs
        if epoch.spread
    ]


def summary_of(run: Run, epochs: Sequence[Epoch] | None = None) -> LoadSummary:
    """What was sent and how it was answered, with the drops and the time that the events know; of
    all that is judged, or of these epochs alone.
    """
    epochs = run.work_epochs if epochs is None else epochs
    work = {epoch.index for epoch in epochs}
    ended = [e for e in run.events_named("epoch-ended") if e.facts.get("epoch") in work]
    took_s = [
        end.t_s - begin.t_s
        for end in ended
        for begin in run.events_named("epoch-began")
        if begin.facts.get("epoch") == end.facts.get("epoch")
    ]
    complete = len(took_s) == len(work) and all(seconds > 0 for seconds in took_s)
    return loadsummary.summarise(
        run.load,
        epochs,
        seconds=sum(took_s) if complete else None,
        dropped=sum(int(event.facts.get("dropped") or 0) for event in ended),
    )


def health_of(
    run: Run, load: LoadSummary, epochs: Sequence[Epoch] | None = None
) -> GeneratorHealth:
    """What the generator cost, and the worst of how it kept up, over the epochs of work or over
    these alone.
    """
    work = {epoch.index for epoch in (run.work_epochs if epochs is None else epochs)}
    every = [event.facts for event in run.events_named("epoch-ended")]
    healths = [facts.get("health") or {} for facts in every]
    working = [facts.get("health") or {} for facts in every if facts.get("epoch") in work]

    def worst(name: str, among: Sequence[dict[str, float]]) -> float:
        return max((float(health.get(name) or 0) for health in among), default=0.0)

    return GeneratorHealth(
        cpu_s=worst("cpu_s", healths),
        max_rss_bytes=int(worst("max_rss_bytes", healths)),
        open_files=int(worst("open_files", healths)),
        loop_lag_ms=worst("loop_lag_ms", working),
        cpu_share=worst("cpu_share", working),
        steal_share=_over_time(run, "steal_share", work),
        stall_share=_over_time(run, "stall_share", work),
        processes=int(worst("processes", healths)) or 1,
        slip_p99_ms=load.slip_ms.get("p99"),
        dropped=load.dropped,
    )


def _over_time(run: Run, name: str, work: set[int]) -> float:
    """A share of the time of each epoch as a share of the time of all of them."""
    began = {event.facts.get("epoch"): event.t_s for event in run.events_named("epoch-began")}
    total = seconds = 0.0
    for event in run.events_named("epoch-ended"):
        epoch = event.facts.get("epoch")
        if epoch in work and epoch in began:
            took_s = max(0.0, event.t_s - began[epoch])
            seconds += took_s
            total += took_s * float((event.facts.get("health") or {}).get(name) or 0)
    return round(total / seconds, 4) if seconds else 0.0


def _rank(finding: Finding) -> tuple[bool, bool, float]:
    """What fails first; of what grows, what is used up first."""
    grows = finding.kind.endswith("-growth")
    until_s = finding.exhausts_in_s if finding.exhausts_in_s is not None else math.inf
    return not finding.fails, grows, until_s if grows else 0.0


def _loud(run: Run) -> list[str]:
    """What nobody must overlook in how the load was driven."""
    http = run.example.workload.http
    if http is not None and http.tls.insecure:
        return ["INSECURE: certificates were not verified, because the example says tls.insecure"]
    return []


def _checks(detections: Iterable[Detection]) -> tuple[Check, ...]:
    found = {place: check for detection in detections for place, check in detection.checks.items()}
    return tuple(found[place] for place in sorted(found))


def _unsettled(
    detections: Iterable[Detection], checks: Sequence[Check], findings: Sequence[Finding]
) -> list[str]:
    """What was asked and has no answer; and failures that doubts about the load have taken the
    ground from.
    """
    open_ = [
        f"{check.text}: {check.seen}" for check in checks if check.outcome is Outcome.INCONCLUSIVE
    ]
    asked = [doubt for found in detections for doubt in found.doubts]
    return [*asked, *open_, *(finding.summary for finding in findings if finding.fails)]


def _next_step(run: Run, outcome: Outcome, findings: Sequence[Finding], unreal: bool) -> str:
    """The command to type next."""
    example = run.manifest.example_path
    again = f"perfstress discover {example}"
    if run.manifest.planted:
        return f"{again}  (this run shows what can be seen; that one judges the target)"
    if outcome is Outcome.PASS:
        if run.manifest.scale < 1:
            return f"{again}  (whole: this was a run at {run.manifest.scale:g} of its size)"
        if run.manifest.overrides:
            return f"{again}  (as it is written: this run had values changed by --set)"
        return f"perfstress promote {run.path}"
    if outcome is Outcome.FAIL:
        unconfirmed = any(
            f.fails and f.confirmed is None and f.kind.endswith("-growth") for f in findings
        )
        hint = "" if not unconfirmed else ", which also confirms it in a fresh process"
        return f"mend it, then  {again}{hint}"
    if run.manifest.state in ("running", "interrupted"):
        return f"{again}  (this run ended early)"
    if unreal:
        return (
            "lower the rate of the stage named above, or give the generator more of the machine; "
            f"then  {again}"
        )
    if believable.blind_probes(run):
        return f"let the probe named above be read, then  {again}"
    return f"make the shape larger as said above, then  {again}"
