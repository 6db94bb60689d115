"""What journeys do to each other: errors, waits and broken invariants that come only together."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from perfstress.contention import SATURATED, explained_ns, servers_for
from perfstress.criteria import criteria_of
from perfstress.relations import apart, lookup, parse_invariant
from perfstress.run import Run
from perfstress.sidebyside import Group, Request, Sides, sides_of
from perfstress.stats import more_often, shift
from perfstress.units import human_count, human_duration
from perfstress.verdict import BlindSpot, Check, Detection, Finding, Label, Outcome

# A wait is told when the lower end of its interval is so many times what the parts explain, and so
# much longer: what a busy machine does to a percentile is less.
RATIO = 1.5
MARGIN_NS: Mapping[float, float] = {50.0: 2e6, 99.0: 5e6}
# In each round by itself the median has to be so many times what is expected.
LASTING = 1.2
# Of the interval; a machine that was busy with something else is what the confirming run is for.
CONFIDENCE = 0.9
# Requests that leave late by so much of the wait say that the machine was busy, not the target.
LATE_SHARE = 0.25
# With fewer percentiles than this on either side there is no such interval worth the name.
LEAST_BLOCKS = 5
# The probability of errors by chance, over all comparisons of a run together.
CHANCE = 0.01
# Errors that a target without CPU time left gives by itself.
_OF_OVERLOAD = frozenset({"timeout", "connect"})


@dataclass(frozen=True, slots=True)
class Effect:
    """Something that came with these journeys at once, and not with each alone.

    ``certain`` is whether it can be told from chance and from the parts' share of the CPU.
    """

    group: Group
    journey: str
    kind: Literal["broken", "errors", "slowed"]
    text: str
    size: float
    certain: bool = True


@dataclass(slots=True)
class _Seen:
    effects: list[Effect]
    blind: list[BlindSpot]
    notes: list[str]


def detect(run: Run) -> Detection:
    """A finding for each pair that disturbs each other (all of them, where no pair does), and the
    answer to ``interaction == none``.
    """
    asked = {
        place: criterion.text
        for place, criterion in criteria_of(run.example.success)
        if criterion.metric == ("interaction",)
    }
    if run.manifest.kind != "interaction":
        said = "nothing was run alone and together"
        return Detection(
            checks={place: Check(text, Outcome.INCONCLUSIVE, said) for place, text in asked.items()}
        )
    sides = sides_of(run)
    seen = _seen(run, sides)
    effects = _narrowest(seen.effects)
    findings = _findings(run, sides, effects)
    unsure = [effect.text for effect in effects if not effect.certain and not findings]
    if not sides or not all(one.is_whole for one in sides):
        unsure.append("not every journey was run alone and together: the run ended before")
    if findings:
        outcome, said = Outcome.FAIL, "; ".join(finding.resource for finding in findings)
    elif unsure:
        outcome, said = Outcome.INCONCLUSIVE, "; ".join(unsure)
    else:
        outcome = Outcome.PASS
        rounds = len(sides[0].of(frozenset(sides[0].journeys)))
        named = " and ".join(sides[0].journeys)
        said = f"none between {named}, alone and together in {rounds} rounds"
    return Detection(
        findings=tuple(findings),
        checks={place: Check(text, outcome, said) for place, text in asked.items()},
        could_not_see=tuple(seen.blind),
        doubts=() if asked else tuple(unsure),
        notes=tuple(dict.fromkeys(seen.notes)),
    )


def slowed(run: Run) -> set[str]:
    """The groups whose answers wait together, as a finding calls them."""
    effects = _seen(run, sides_of(run)).effects
    return {_resource(one.group) for one in effects if one.kind == "slowed" and one.certain}


def _seen(run: Run, every: Sequence[Sides]) -> _Seen:
    seen = _Seen([], [], [])
    for sides in every:
        if sides.is_whole:
            _look(run, sides, seen)
    return seen


def _look(run: Run, sides: Sides, seen: _Seen) -> None:
    comparisons = sum(len(group) for group in sides.groups)
    for group in sides.groups:
        is_full = _is_full(run, sides, group)
        seen.effects += _broken(run, sides, group)
        for journey in sorted(group):
            seen.effects += _errors(sides, group, journey, is_full, CHANCE / comparisons)
            for request in sides.requests(journey):
                _slowed(sides, group, request, is_full, seen)


def _is_full(run: Run, sides: Sides, group: Group) -> bool:
    """Whether the CPU was used up while these came at once."""
    if sides.machine_share(run, group) >= SATURATED:
        return True
    work = sides.work(group) or {}
    return servers_for(sum(one.rate_hz * one.cpu_s for one in work.values())) is None


# ---------------------------------------------------------------- errors
def _errors(
    sides: Sides, group: Group, journey: str, is_full: bool, chance: float
) -> Iterator[Effect]:
    before, after = sides.alone(journey), sides.of(group)
    ok_alone = bad_alone = ok = bad = 0
    kinds: dict[str, int] = {}
    for played in before:
        well, errors = played.attempts(journey)
        ok_alone, bad_alone = ok_alone + well, bad_alone + sum(errors.values())
    rounds = []
    for played in after:
        well, errors = played.attempts(journey)
        ok, bad = ok + well, bad + sum(errors.values())
        rounds.append(sum(errors.values()))
        for kind, count in errors.items():
            kinds[kind] = kinds.get(kind, 0) + count
    if not bad or not ok + bad or not ok_alone + bad_alone:
        return
    by_chance = more_often(bad, ok + bad, bad_alone, ok_alone + bad_alone)
    is_sure = by_chance < chance and all(rounds)
    if not is_sure and (bad_alone or by_chance > 0.5):
        return
    named = ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items()))
    text = (
        f"{human_count(bad)} of {human_count(ok + bad)} {journey} fail {_beside(group, journey)} "
        f"({named}), {human_count(bad_alone)} of {human_count(ok_alone + bad_alone)} alone"
    )
    if not is_sure:
        text += ", too few to tell from chance"
    elif is_full and set(kinds) <= _OF_OVERLOAD:
        is_sure = False
        text += f", but {_used_up(sides)}"
    yield Effect(group, journey, "errors", text, bad / (ok + bad), is_sure)


def _used_up(sides: Sides) -> str:
    others = ", by others as well" if sides.stretched > 1 else ""
    return f"the CPU was used up{others} (lower the rates, or give it more cores)"


# ---------------------------------------------------------------- waits
def _slowed(sides: Sides, group: Group, request: Request, is_full: bool, seen: _Seen) -> None:
    alone = sides.histogram(request)
    name = " / ".join(request)
    work = sides.work(group)
    mine = (work or {}).get(request)
    wanted = list(MARGIN_NS)
    reckoned: list[float] | None = None
    if work and mine is not None:
        reckoned = [math.inf] * 2 if is_full else explained_ns(mine, list(work.values()), wanted)
    for number, percentile in enumerate(wanted):
        called = f"p{percentile:g} of {name}"
        before = [one.percentiles(request, percentile) for one in sides.alone(request[0])]
        after = [one.percentiles(request, percentile) for one in sides.of(group)]
        every, together = np.concatenate(before), np.concatenate(after)
        if min(len(every), len(together)) < LEAST_BLOCKS:
            text = f"whether {called} waits {_beside(group, request[0])}: too few answers"
            seen.blind.append(BlindSpot(name, None, "", text))
            continue
        middle, low, _ = shift(np.log(every), np.log(together), CONFIDENCE)
        level = float(np.median(every))
        least, likely = level * math.exp(low), level * math.exp(middle)
        unexplained = _threshold(level, percentile)
        expected = unexplained if reckoned is None else level
        if reckoned is not None:
            quick = float(alone.percentile(percentile) or level)
            longer = max(reckoned[number] - quick, 0.0)
            expected = max(level + longer, level * max(1.0, reckoned[number] / quick))
        bound = _threshold(expected, percentile) if reckoned is not None else unexplained
        lowest = min(float(np.median(one)) if len(one) else 0.0 for one in after)
        rises = least > unexplained and lowest > LASTING * level
        was, now = human_duration(level / 1e9), human_duration(likely / 1e9)
        said = f"{called} is {now} {_beside(group, request[0])}, and {was} alone"
        late_ns = sides.late_ns(group, percentile) - sides.late_ns(request[0], percentile)
        if rises and late_ns > LATE_SHARE * (likely - level):
            late = human_duration(late_ns / 1e9)
            text = (
                f"{said}, but requests left {late} later, too: the machine was busy; run it again"
            )
            seen.effects.append(Effect(group, request[0], "slowed", text, likely / level, False))
        elif reckoned is not None and least > bound and lowest > LASTING * expected:
            said += f"; their share of the CPU explains {human_duration(expected / 1e9)}"
            seen.effects.append(Effect(group, request[0], "slowed", said, likely / expected))
        elif rises and (reckoned is None or is_full):
            why = f"{_used_up(sides)}, which lets everybody wait"
            if reckoned is None:
                why = "the CPU time of the target was not read"
            text = f"{said}, but {why}"
            seen.effects.append(Effect(group, request[0], "slowed", text, likely / level, False))
        elif rises:
            most = human_duration(expected / 1e9)
            seen.notes.append(f"{said}; their share of the CPU explains up to {most}")
        if math.isfinite(bound):
            most = human_duration(bound * math.exp(min(middle - low, 20.0)) / 1e9)
            text = f"a wait {_beside(group, request[0])} that takes {called} to less than {most}"
            seen.blind.append(BlindSpot(name, None, "", text))


def _threshold(expected_ns: float, percentile: float) -> float:
    return max(RATIO * expected_ns, expected_ns + MARGIN_NS[percentile])


# ---------------------------------------------------------------- invariants
def _broken(run: Run, sides: Sides, group: Group) -> Iterator[Effect]:
    """Invariants that came apart while these were at once, and never while one was alone."""
    asked = [one for one in run.events_named("invariant") if one.facts.get("when") == "floor"]
    mine = {one.epoch.index for one in sides.of(group)}
    alone = {one.epoch.index for name in group for one in sides.alone(name)}
    for that in dict.fromkeys(str(event.facts.get("that")) for event in asked):
        last = 0.0
        together = parts = 0.0
        for event in (event for event in asked if event.facts.get("that") == that):
            if event.facts.get("problem"):
                continue
            try:
                value_of = lookup(event.facts.get("answer"), event.facts.get("counts") or {})
                now = sum(apart(one, value_of) for one in parse_invariant(that))
            except KeyError:
                continue
            change, last = abs(now - last), now
            together += change if event.facts.get("epoch") in mine else 0.0
            parts += change if event.facts.get("epoch") in alone else 0.0
        if together and not parts:
            text = (
                f"{that} came {human_count(together)} apart while {_all(group)} came at once, and "
                "never while one of them was alone"
            )
            yield Effect(group, "", "broken", text, together)


# ---------------------------------------------------------------- telling
def _narrowest(effects: list[Effect]) -> list[Effect]:
    """Of what happens to a journey with all at once, only what no pair of them shows by itself."""
    small = {
        (effect.journey, effect.kind)
        for effect in effects
        if len(effect.group) == 2 and effect.certain
    }
    return [
        effect
        for effect in effects
        if len(effect.group) == 2 or (effect.journey, effect.kind) not in small
    ]


def _findings(run: Run, sides: Sequence[Sides], effects: list[Effect]) -> list[Finding]:
    """One for each group of journeys; what weighs most is its summary, the rest its diagnosis."""
    order = ("broken", "errors", "slowed")
    findings = []
    sure = [effect for effect in effects if effect.certain]
    for group in sorted({effect.group for effect in sure}, key=lambda one: (len(one), sorted(one))):
        here = sorted(
            (effect for effect in sure if effect.group == group),
            key=lambda effect: (order.index(effect.kind), -effect.size),
        )
        label: Label = "SLOWED" if here[0].kind == "slowed" else "BROKEN"
        findings.append(
            Finding(
                kind="interaction",
                resource=_resource(group),
                label=label,
                summary=f"{_all(group)} disturb each other: {here[0].text}",
                diagnosis="; ".join(
                    [*(effect.text for effect in here[1:]), *_in_words(run, sides, here)]
                ),
            )
        )
    return findings


def _in_words(run: Run, sides: Sequence[Sides], here: Sequence[Effect]) -> list[str]:
    """The first error of each class as the generator met it while these came at once."""
    if not any(effect.kind == "errors" for effect in here):
        return []
    mine = {one.epoch.index for each in sides for one in each.of(here[0].group)}
    first: dict[str, str] = {}
    for event in run.events_named("epoch-ended"):
        if event.facts.get("epoch") in mine:
            first = {**(event.facts.get("troubles") or {}), **first}
    return [f"first {kind} error: {why}" for kind, why in list(first.items())[:3]]


def _resource(group: Group) -> str:
    return " + ".join(sorted(group))


def _all(group: Group) -> str:
    *first, last = sorted(group)
    return f"{', '.join(first)} and {last}"


def _beside(group: Group, journey: str) -> str:
    return f"beside {' and '.join(sorted(group - {journey}))}"
