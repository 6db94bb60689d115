"""Whether a run can be believed: it is whole, its load was real, and its probes could see."""

from __future__ import annotations

from perfstress.lateness import LATE_S, late
from perfstress.plan import Epoch
from perfstress.run import Run
from perfstress.units import human_count, human_duration
from perfstress.verdict import GeneratorHealth, LoadSummary

# A stage has to have been driven at this share of its rate at least.
REAL_RATE = 0.95
# A declared probe that could not be read for this share of the run.
BLIND_SHARE = 0.2
# A stage shorter than this is not judged by its seconds: the first and the last arrival count.
LEAST_S = 0.5

# A probe that waits for a target which stands still takes this long to give up.
READING_S = 5.0

# What ends a run before its plan does.
ENDINGS = ("target-exited", "target-hung", "generator-lost", "stopped-early")


def cut_short(run: Run) -> list[str]:
    """Why the run is not the whole run that was planned."""
    manifest = run.manifest
    if manifest.state == "running":
        return ["the recording stops in the middle: perfstress itself was killed, or still runs"]
    if manifest.state == "interrupted":
        return ["the run was interrupted"]
    if manifest.state == "failed":
        return [f"the run failed: {manifest.reason}" if manifest.reason else "the run failed"]
    if run.events_named(*ENDINGS[:3]):
        return []  # told by what ended it
    if stopped := run.events_named("stopped-early"):
        return [f"the run was stopped early, as --fail-fast asks: {stopped[0].facts.get('why')}"]
    ended = {event.facts.get("epoch") for event in run.events_named("epoch-ended")}
    missing = [epoch for epoch in run.work_epochs if epoch.index not in ended]
    return [f"stage {epoch.stage} was not carried out" for epoch in missing[:1]]


def load_doubts(run: Run, load: LoadSummary, generator: GeneratorHealth) -> list[str]:
    """Why the load was not the one that the example asks for, outside of climbs: what those asked
    for was to be more than can be driven; ``load`` and ``generator`` are of the rest.
    """
    doubts = [
        f"part of the load generator was lost: {event.facts.get('why') or 'no reason given'}"
        for event in run.events_named("generator-lost")
    ]
    doubts += _dropped(run)
    ended_early = bool(run.events_named(*ENDINGS))
    if not ended_early and run.manifest.state == "complete":
        held = [epoch for epoch in run.work_epochs if not epoch.climbs]
        doubts += [doubt for epoch in held if (doubt := _below_rate(run, epoch))]
    slip_s = (load.slip_ms.get("p99") or 0.0) / 1e3
    response_s = (load.response_ms.get("p99") or 0.0) / 1e3
    return doubts + late(slip_s, response_s, generator)


def _dropped(run: Run) -> list[str]:
    """Arrivals that were due and never sent, by reason, with the stage where they began."""
    stages = {epoch.index: epoch.stage for epoch in run.manifest.epochs if not epoch.climbs}
    counts: dict[str, int] = {}
    first: dict[str, str] = {}
    for event in run.events_named("epoch-ended"):
        if event.facts.get("epoch") not in stages:
            continue
        if dropped := int(event.facts.get("dropped") or 0):
            why = str(event.facts.get("why_dropped") or "the generator could not send them")
            counts[why] = counts.get(why, 0) + dropped
            first.setdefault(why, stages.get(int(event.facts.get("epoch") or 0), "?"))
    return [
        f"{human_count(count)} arrivals were due and not sent, from stage {first[why]} on: {why}"
        for why, count in counts.items()
    ]


def _below_rate(run: Run, epoch: Epoch) -> str:
    """Why an open stage was not driven at its rate; empty when it was, or has none."""
    if epoch.model != "open":
        return ""
    mean_hz = (epoch.start_level + epoch.end_level) / 2 + sum(epoch.own.values())
    facts = next(
        (e for e in run.events_named("epoch-ended") if e.facts.get("epoch") == epoch.index), None
    )
    began = next(
        (e for e in run.events_named("epoch-began") if e.facts.get("epoch") == epoch.index), None
    )
    if facts is None or began is None or mean_hz <= 0:
        return ""
    fired = _fired(run, epoch)
    intended = facts.facts.get("intended")
    if intended and fired < REAL_RATE * int(intended):
        return (
            f"stage {epoch.stage} was sent {human_count(fired)} of the "
            f"{human_count(int(intended))} arrivals that were due"
        )
    took_s = facts.t_s - began.t_s
    planned_s = _planned_s(epoch, mean_hz)
    if planned_s >= LEAST_S and took_s > planned_s / REAL_RATE + LATE_S:
        return (
            f"stage {epoch.stage} ran at {fired / took_s:.4g}/s, below its {mean_hz:.4g}/s: "
            f"{human_duration(took_s)} instead of {human_duration(planned_s)}"
        )
    return ""


def _planned_s(epoch: Epoch, mean_hz: float) -> float:
    """How long the epoch should take; arrivals by chance may need 5 % more, so they are not
    bounded by their number.
    """
    bounds = [] if epoch.duration_ns is None else [epoch.duration_ns / 1e9]
    if epoch.ops is not None:
        spread = 3 * epoch.ops**-0.5 if epoch.arrivals == "poisson" else 0.0
        bounds.append(epoch.ops / mean_hz * (1 + spread))
    return min(bounds) if bounds else 0.0


def _fired(run: Run, epoch: Epoch) -> int:
    """Journeys begun in an epoch; where a workload reports none, its requests."""
    return int(run.load.of_epochs((epoch.index,)).journeys.fired.sum())


def blind_probes(run: Run) -> list[str]:
    """Declared probes that read nothing, or nothing for much of the run."""
    ended_early = bool(run.events_named(*ENDINGS))
    if not run.events_named("probe-sight"):
        return _never_scraped(run)
    doubts = []
    excused_s = _under_faults(run)
    for event in run.events_named("probe-sight"):
        facts = event.facts
        why = str(facts.get("why") or "it gave nothing")
        blind_s, watched_s = (float(facts.get(key) or 0) for key in ("blind_s", "watched_s"))
        if not facts.get("readings"):
            doubts.append(f"the probe {facts.get('probe')} could not be read: {why}")
        elif not ended_early and blind_s - excused_s > BLIND_SHARE * watched_s:
            doubts.append(
                f"the probe {facts.get('probe')} could not be read for "
                f"{human_duration(blind_s)} of {human_duration(watched_s)}: {why}"
            )
    return doubts


def _under_faults(run: Run) -> float:
    """The seconds in which nobody could expect an answer: those of faults, with a reading that was
    under way when each of them ended.
    """
    lasted = [
        float(event.facts.get("lasted_s") or 0.0) for event in run.events_named("fault-ended")
    ]
    return sum(seconds + READING_S for seconds in lasted)


def _never_scraped(run: Run) -> list[str]:
    """The same for a run that was recorded before it was counted what probes could see."""
    declared = [probe.prometheus for probe in run.example.target.probes if probe.prometheus]
    told = [
        str(event.facts.get("why"))
        for event in run.events_named("probe-problem")
        if "prometheus" in str(event.facts.get("probe"))
    ]
    names = [name for name in run.names if name.startswith(("gauge:", "counter:", "labels:"))]
    scraped = any(
        not name.startswith("gauge:state.") and len(run.series(name).value) for name in names
    )
    if not declared or not run.samples or scraped:
        return []
    why = told[0] if told else "it gave nothing"
    return [f"the probe prometheus {declared[0]} could not be read: {why}"]
