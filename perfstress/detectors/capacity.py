"""How much the target carries: the knee of a climb or of steps, and what lies beyond it."""

from __future__ import annotations

from perfstress.climbing import Level
from perfstress.criteria import Criterion, criteria_of
from perfstress.detectors.neighbours import cores_of, disturbed
from perfstress.run import Run
from perfstress.stairs import Stairs, stairs_of, usl
from perfstress.units import format_rate, human_count, human_duration
from perfstress.verdict import BlindSpot, Check, Detection, Finding, Outcome
from perfstress.vocabulary import CAPACITY

# A target that uses less than this share of the CPU of its best level waits for something.
WAITS = 0.6


def detect(run: Run) -> Detection:
    """A Check for each ``knee`` criterion, the knee of each climb as a finding that fails only when
    the criterion is broken, and a finding where throughput collapsed.
    """
    every = stairs_of(run)
    checks: dict[int, Check] = {}
    broken: dict[str, Criterion] = {}
    for place, criterion in criteria_of(run.example.success):
        if criterion.name in CAPACITY:
            mine = [one for one in every if criterion.during in (None, one.name)]
            checks[place] = _check(run, criterion, mine)
            if checks[place].outcome is Outcome.FAIL:
                worst = next(
                    one for one in mine if _carries(run, one, criterion)[0] is Outcome.FAIL
                )
                broken.setdefault(worst.name, criterion)
    findings = [_knee(one, broken.get(one.name)) for one in every]
    hunted = "throughput-collapse" in run.example.hunts
    starved = {one.name: others for one in every if (others := _starved(run, one))}
    findings += [
        _collapse(run, one, fails=hunted and one.name not in starved) for one in every if one.fallen
    ]
    doubts = [doubt for one in every if (doubt := _doubt(one))]
    doubts += [f"throughput-collapse: {name}: {others}" for name, others in starved.items()]
    return Detection(
        findings=tuple(findings),
        checks=checks,
        could_not_see=tuple(spot for one in every if (spot := _blind(one))),
        doubts=tuple(doubts if hunted else ()),
    )


# ---------------------------------------------------------------- the criterion
def _check(run: Run, criterion: Criterion, every: list[Stairs]) -> Check:
    """Every climb that the criterion speaks of has to carry it."""
    if not every:
        return Check(criterion.text, Outcome.INCONCLUSIVE, "no level was driven to its end")
    answers = [_carries(run, one, criterion) for one in every]
    rank = (Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.PASS)
    outcome, seen = min(answers, key=lambda answer: rank.index(answer[0]))
    return Check(criterion.text, outcome, seen)


def _carries(run: Run, stairs: Stairs, criterion: Criterion) -> tuple[Outcome, str]:
    """Whether the knee is where it has to be, and how to tell it.

    The knee lies between the highest level that holds and the lowest that does not: a bound between
    the two is open, and a generator that could drive no more has found no edge at all. A level that
    does not hold while others take the CPU says nothing about the target.
    """
    seen = _where(stairs)
    if stairs.knee is not None and criterion.holds(_carried(stairs.levels[stairs.knee])):
        return Outcome.PASS, seen
    if stairs.edge is None or stairs.is_the_generators:
        return Outcome.INCONCLUSIVE, seen
    least = _carried(stairs.levels[stairs.edge])
    if stairs.levels[stairs.edge].model == "closed":
        least = stairs.best.goodput_hz
    bound = criterion.value or 0.0
    if least <= bound * (1 + 1e-9):
        if others := disturbed(run, stairs.levels[stairs.edge]):
            return Outcome.INCONCLUSIVE, f"{seen}; {others}"
        return Outcome.FAIL, seen
    level = format_rate(bound)
    return Outcome.INCONCLUSIVE, f"{seen}; a level at {level}, or a smaller factor, would tell"


def _carried(level: Level) -> float:
    """The rate that a level stands for: what was asked, or, of users, what they got."""
    return level.offered_hz if level.model == "open" else level.goodput_hz


def _where(stairs: Stairs) -> str:
    if stairs.knee is None:
        held = f"below {_said(stairs.levels[0])}"
    else:
        held = _said(stairs.levels[stairs.knee])
        if stairs.edge is None or stairs.is_the_generators:
            held = f"at least {held}"
    if stairs.edge is None:
        return f"{held}, the highest level of {stairs.name}"
    edge = _said(stairs.levels[stairs.edge])
    if stairs.is_the_generators:
        return f"{held}; the generator could not drive {edge}: {stairs.why[stairs.edge]}"
    return f"{held}; {edge} does not hold: {stairs.why[stairs.edge]}"


def _said(level: Level) -> str:
    """A level in its own unit; of users also what they got."""
    if level.model == "open":
        return f"{level.offered_hz:.4g}/s"
    return f"{human_count(level.level)} users ({level.goodput_hz:.4g}/s)"


# ---------------------------------------------------------------- findings
def _knee(stairs: Stairs, broken: Criterion | None) -> Finding:
    asked = f"; the criterion is {broken.text}" if broken else ""
    found = None if stairs.knee is None else stairs.levels[stairs.knee]
    return Finding(
        kind="knee",
        resource=f"stage {stairs.name}",
        label="BREACHED" if broken else "KNEE",
        summary=f"the knee of {stairs.name} is {_where(stairs)}{asked}",
        fails=broken is not None,
        limit=None if found is None else round(_carried(found), 3),
        unit="1/s",
        diagnosis="; ".join([*_answered(stairs), *_beyond(stairs), *_interpreted(stairs)]),
    )


def _answered(stairs: Stairs) -> list[str]:
    """What answers were like at the knee and at the edge."""
    told = []
    for number in (stairs.knee, stairs.edge):
        if number is not None:
            level = stairs.levels[number]
            p99 = "nothing was answered" if level.p99_s is None else human_duration(level.p99_s)
            told.append(f"{_said(level)} p99 {p99}")
    return [f"response time: {', '.join(told)}"] if told else []


def _beyond(stairs: Stairs) -> list[str]:
    """A plateau told apart from a collapse."""
    if stairs.beyond == "plateau":
        least = min(level.goodput_hz for level in stairs.levels[stairs.edge or 0 :])
        told = f"{least:.4g}/s at least, of {stairs.best.goodput_hz:.4g}/s at best"
        return [f"beyond it throughput stays: {told} (a plateau, no collapse)"]
    if stairs.beyond == "collapse":
        return ["beyond it throughput collapses"]
    return []


def _interpreted(stairs: Stairs) -> list[str]:
    """Kleinrock's power, and the universal scalability law: how to read it, never the verdict."""
    told = []
    timed = [level for level in stairs.levels if level.mean_s]
    if len(timed) > 2:
        best = max(timed, key=lambda level: level.goodput_hz / (level.mean_s or 1.0))
        told.append(f"power (throughput over response time) is highest at {_said(best)}")
    held = stairs.levels[: (stairs.knee or 0) + 1]
    if (law := usl(held)) is not None:
        told.append(f"the scalability law puts its maximum near {law[0]:.3g}/s")
    return told


def _collapse(run: Run, stairs: Stairs, *, fails: bool) -> Finding:
    best = stairs.best
    told = ", ".join(
        f"{level.goodput_hz:.4g}/s at {_asked(level)}"
        for level in (stairs.levels[number] for number in stairs.fallen)
    )
    worst = min((stairs.levels[n] for n in stairs.fallen), key=lambda level: level.goodput_hz)
    share = worst.goodput_hz / best.goodput_hz if best.goodput_hz else 0.0
    return Finding(
        kind="throughput-collapse",
        resource=f"stage {stairs.name}",
        label="COLLAPSED",
        summary=(
            f"more load brings less throughput in {stairs.name}: {best.goodput_hz:.4g}/s were "
            f"answered well at {_asked(best)}, and then "
            f"{told}: down to {100 * share:.2g} % of the best"
        ),
        fails=fails,
        limit=round(best.goodput_hz, 3),
        unit="1/s",
        diagnosis="; ".join([_why_fell(worst), *_cpu(run, best, worst)]),
    )


def _starved(run: Run, stairs: Stairs) -> str:
    """What others did to the target where throughput fell; empty where they left it alone."""
    return next((told for n in stairs.fallen if (told := disturbed(run, stairs.levels[n]))), "")


def _asked(level: Level) -> str:
    if level.model == "open":
        return f"{level.offered_hz:.4g}/s offered"
    return f"{human_count(level.level)} users"


def _why_fell(level: Level) -> str:
    """What became of the rest: errors, or answers that do not come in time."""
    if level.failed > 0.5:
        return (
            f"{100 * level.failed:.3g} % of what ended there was an error: work is spent on "
            "requests that nobody waits for any more, or each costs more the more there are; a "
            "bounded queue that refuses the excess keeps the throughput of the knee"
        )
    return (
        "the rest had not been answered by then: each request costs more the more there are, or "
        "work piles up; a bounded queue that refuses the excess keeps the throughput of the knee"
    )


def _cpu(run: Run, best: Level, worst: Level) -> list[str]:
    """What the target did with its CPU: wasted work costs as much as ever, waiting costs none."""
    used = [cores_of(run, level) for level in (best, worst)]
    if used[0] is None or used[1] is None or not best.goodput_hz:
        return []
    told = f"the target used {used[0]:.2g} cores at the best level and {used[1]:.2g} there"
    if used[1] < WAITS * used[0]:
        return [f"{told}: it waited"]
    if worst.goodput_hz:
        dearer = (used[1] / worst.goodput_hz) / (used[0] / best.goodput_hz)
        return [f"{told}: each good answer cost {dearer:.2g} times as much"]
    return [f"{told}: all of it for nothing"]


# ---------------------------------------------------------------- what could not be seen
def _blind(stairs: Stairs) -> BlindSpot | None:
    top = stairs.levels[-1]
    if stairs.edge is None:
        text = f"throughput: what happens beyond {_said(top)}, the highest level of {stairs.name}"
    elif stairs.is_the_generators:
        at = _said(stairs.levels[stairs.edge])
        text = f"throughput: what the target does at {at} and beyond; the load was not real there"
    elif stairs.beyond == "unknown":
        at = _said(stairs.levels[stairs.edge])
        text = f"throughput: whether it stays or collapses beyond {at}"
    else:
        return None
    return BlindSpot("throughput", None, "", text)


def _doubt(stairs: Stairs) -> str:
    """Why a collapse that is hunted could be neither shown nor excluded."""
    if stairs.is_the_generators or (stairs.beyond == "unknown" and stairs.by == "generator"):
        return (
            f"throughput-collapse: {stairs.name} ended because of the load generator, not of the "
            f"target: {stairs.ended or stairs.why[stairs.edge or 0]}"
        )
    if stairs.beyond == "unknown":
        return (
            f"throughput-collapse: {stairs.name} was over after too few levels beyond the knee to "
            f"tell a collapse from a plateau ({stairs.ended or stairs.why[-1]}): raise "
            "max_in_flight, or to:, or take a smaller factor"
        )
    return ""
