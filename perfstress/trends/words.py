"""The history of examples in words: a line for each, or a page for one."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import TextIO

from perfstress.comparing.metrics import TABLE
from perfstress.trends.course import Course, Turn, series_of
from perfstress.trends.figures import FIGURES
from perfstress.trends.sparkline import can_show_bars, sparkline
from perfstress.trends.store import Record
from perfstress.units import human_count

LATEST = 30  # runs that a line of the overview draws
LONGEST_NAME = 32
LONGEST_LINE = 60
SHORTEST_LINE = 8
LEAST_RUNS = 11
OF_WHAT_WAS_SEEN = 2 / 3  # a bisection asks for less than was seen, which has its noise
LATE = "a change is seen some runs after it came: four at least\n"
ROOM = 24  # for a drawing with its value


def tell_all(
    latest: Mapping[str, Sequence[Record]], counts: Mapping[str, int], out: TextIO
) -> None:
    """A line for each example: its last verdict, how many runs there are, and the latest of them
    drawn.
    """
    widest = min(max(map(len, latest), default=0), LONGEST_NAME)
    for name, records in latest.items():
        last = records[-1]
        rest = f"{last.verdict:12}  {day(last)}  {_runs(counts[name]):>9}  "
        head = f"{_cut(name, widest):{widest}}  {rest}"
        if _width() - len(head) < ROOM:  # a line of its own for the name
            out.write(f"{name}\n")
            head = f"  {rest}"
        out.write(f"{head}{_drawn(records, out, _width() - len(head))}".rstrip() + "\n")


def _drawn(records: Sequence[Record], out: TextIO, room: int) -> str:
    """The 99th percentile of the series of today, else its throughput, with the last value."""
    current = [[], *series_of(records)][-1]
    for name in ("response.p99", "throughput"):
        values = [record.figures[name] for record in current if name in record.figures]
        if values:
            said = f"{name.removeprefix('response.')} {FIGURES[name].told(values[-1])}"
            wide = min(room - len(said) - 1, LATEST)
            return f"{_line(values, wide, out)} {said}" if wide >= SHORTEST_LINE else said
    return ""


def tell(
    records: Sequence[Record],
    series: Sequence[Sequence[Record]],
    courses: Sequence[Course],
    out: TextIO,
) -> None:
    """The page of one example: its figures drawn, with their last values and their changes."""
    last = records[-1]
    out.write(f"{last.name}: {_runs(len(records))} since {day(records[0])}\n")
    out.write(f"  the last: {last.verdict}, {day(last)}, {last.short}\n")
    for line in _apart(records, series):
        out.write(f"  {line}\n")
    names = max((len(course.name) for course in courses), default=0)
    values = [course.figure.told(course.values[-1]) if course.values else "" for course in courses]
    widest = max(map(len, values), default=0)
    wide = max(SHORTEST_LINE, min(_width() - names - widest - 6, LONGEST_LINE))
    for course, value in zip(courses, values, strict=True):
        line = _line(course.values, wide, out)
        out.write(f"  {course.name:{names}}  {value:>{widest}}  {line}".rstrip() + "\n")
        for text in _turns(course, last.environment):
            out.write(f"    {text}\n")
    if courses:
        turned = any(course.turns or course.levels for course in courses)
        out.write("" if turned else "no change of level was seen\n")
        few = len(series[-1]) < LEAST_RUNS
        out.write(f"none can be seen in fewer than {LEAST_RUNS} runs\n" if few else LATE)
    if step := _next_step(courses, last):
        out.write(f"next  {step}\n")


def _next_step(courses: Sequence[Course], last: Record) -> str:
    """The command that goes to the commit of the latest change for the worse, where one can."""
    worse = [
        (turn.record.at, course.name, turn)
        for course in courses
        for turn in course.turns
        if turn.worse and turn.record.environment == last.environment and not turn.figure.absolute
    ]
    for _, name, turn in sorted(worse, key=lambda each: each[0], reverse=True):
        good, bad = turn.previous.commit, turn.record.commit
        if name in TABLE and good and bad and good != bad:
            seen = abs(turn.change.effect) * OF_WHAT_WAS_SEEN
            share = round(100 * max(seen, TABLE[name].smallest))
            by = f"--metric {name} --worse-than {share}%"
            return f"perfstress bisect {last.name} {by} --good {good[:7]} --bad {bad[:7]}"
    return ""


def _apart(records: Sequence[Record], series: Sequence[Sequence[Record]]) -> list[str]:
    """Why some runs are not in the lines below."""
    told = []
    if left := len(records) - sum(map(len, series)):
        told.append(f"{_runs(left)} INCONCLUSIVE: without figures below")
    if earlier := sum(map(len, series[:-1])):
        told.append(f"{_runs(earlier)} on another machine or of another text: not drawn")
    return told


def _turns(course: Course, environment: str) -> list[str]:
    if course.levels is not None:
        low, high = (course.figure.told(level) for level in course.levels)
        return [f"goes to and fro between {low} and {high}: no change can be told"]
    return [_turn(turn, environment) for turn in course.turns]


def _turn(turn: Turn, environment: str) -> str:
    change, figure = turn.change, turn.figure
    way = "rose" if change.after > change.before else "fell"
    by = "" if figure.absolute or not change.before else f" by {abs(100 * change.effect):.3g} %"
    told = f"{way}{by}, {figure.told(change.before)} to {figure.told(change.after)}"
    where = "" if turn.record.environment == environment else " (another machine)"
    sense = "worse" if turn.worse else "better"
    return f"{day(turn.record)} {turn.record.short}  {sense}: {told}{where}"


def day(record: Record) -> str:
    """The day of a run."""
    return record.at[:10]


def _runs(count: int) -> str:
    return f"{human_count(count)} run{'s' * (count != 1)}"


def _line(values: Sequence[float], width: int, out: TextIO) -> str:
    encoding = getattr(out, "encoding", None) or sys.getdefaultencoding()
    return sparkline(values, width, plain=not can_show_bars(encoding))


def _cut(name: str, width: int) -> str:
    return name if len(name) <= width else name[: width - 3] + "..."


def _width() -> int:
    return shutil.get_terminal_size().columns
