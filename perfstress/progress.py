"""A run while it goes, on stderr: a live picture on a terminal, plain lines elsewhere."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import TextIO

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from perfstress.clock import now_ns
from perfstress.measurement import metric_of
from perfstress.plan import Epoch
from perfstress.units import NS_PER_S, human_bytes, human_count, human_duration
from perfstress.watching import Snapshot, Unwatched, Watcher

REFRESH_NS = 250_000_000  # rich's Live above 4 Hz takes CPU from the generator
LINE_EVERY_S = 10.0
KEPT = 96  # readings behind a sparkline, two to a character
SHOWN = ("memory", "fds", "threads", "connections", "processes")


def watcher(err: TextIO, *, quiet: bool = False) -> Watcher:
    """The fitting Watcher: silent when ``quiet``, a live picture when ``err`` is a capable terminal
    outside CI, else plain lines.
    """
    if quiet:
        return Unwatched()
    capable = os.environ.get("TERM", "") not in {"dumb", "unknown"}
    if err.isatty() and capable and not os.environ.get("CI"):
        return LiveProgress(Console(file=err, markup=False, highlight=False, emoji=False))
    return PlainProgress(err)


def describe(epoch: Epoch) -> str:
    """What an epoch asks for: ``333/s, 998 operations``, ``8 users for 30 s``, ``no load for
    4 s``.
    """
    span = human_duration((epoch.duration_ns or 0) / NS_PER_S)
    if epoch.kind == "idle":
        return f"no load for {span}"
    low, high = (human_count(level) for level in epoch.levels)
    level = high if low == high else f"{low} to {high}"
    noun = "/s" if epoch.model == "open" else " user" if level == "1" else " users"
    bound = f", {human_count(epoch.ops)} operations" if epoch.ops else f" for {span}"
    return f"{level}{noun}{bound}"


def reading(name: str, value: float | None) -> str:
    """One resource for people: ``84.2 MiB``, ``1,004``; ``?`` when it could not be read."""
    if value is None:
        return "?"
    return human_bytes(value) if metric_of(name).unit == "bytes" else human_count(value)


def clock_face(seconds: float) -> str:
    """``1:23`` or ``1:02:03``."""
    whole = int(max(0.0, seconds))
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


def expected_s(snapshot: Snapshot) -> float | None:
    """How long the run will have taken, if the work still to do goes at the present rate."""
    if not snapshot.intended_ops or snapshot.rate_hz <= 0:
        return None
    left = max(0.0, snapshot.intended_ops - snapshot.ops)
    return snapshot.elapsed_s + left / snapshot.rate_hz


# Dots of a braille cell by column, from the bottom up: U+2800 plus the sum of what is set.
_LEFT = (0x40, 0x04, 0x02, 0x01)
_RIGHT = (0x80, 0x20, 0x10, 0x08)


def sparkline(values: Iterable[float], columns: int) -> str:
    """The last ``2 * columns`` values as a filled braille curve between their least and greatest;
    a level series is a line at the bottom.
    """
    shown = list(values)[-2 * columns :]
    if not shown:
        return ""
    low, high = min(shown), max(shown)
    span = high - low
    # One dot at least, so that a level series is seen; four at the greatest.
    heights = [1 + round(3 * (value - low) / span) if span > 0 else 1 for value in shown]
    if len(heights) % 2:
        heights.insert(0, heights[0])
    cells = []
    for left, right in zip(heights[::2], heights[1::2], strict=True):
        cells.append(chr(0x2800 + sum(_LEFT[:left]) + sum(_RIGHT[:right])))
    return "".join(cells)


class PlainProgress:
    """One line at each stage and about each ten seconds, for logs and pipes."""

    def __init__(self, err: TextIO) -> None:
        self._err = err
        self._said_s = 0.0

    def stage(self, epoch: Epoch, of: int) -> None:
        """``[12 s] epoch 3 of 11, day: 8 users, 25,000 operations``."""
        self.note(f"epoch {epoch.index + 1} of {of}, {epoch.stage}: {describe(epoch)}")

    def tick(self, snapshot: Snapshot) -> None:
        """How it stands, unless something was said of late."""
        if snapshot.elapsed_s < self._said_s:
            self._said_s = 0.0  # a confirming run counts from its own zero
        if snapshot.elapsed_s - self._said_s < LINE_EVERY_S:
            return
        self._said_s = snapshot.elapsed_s
        parts = [f"{clock_face(snapshot.elapsed_s)}  {human_count(snapshot.ops)}"]
        if snapshot.intended_ops:
            parts[0] += f" of {human_count(round(snapshot.intended_ops))}"
        parts[0] += " operations"
        parts.append(f"{human_count(round(snapshot.rate_hz))}/s")
        parts.append(f"{human_count(snapshot.errors)} errors")
        if snapshot.p99_ms is not None:
            parts.append(f"p99 {human_duration(snapshot.p99_ms / 1e3)}")
        for name in ("memory", "fds", "threads"):
            if name in snapshot.values:
                parts.append(f"{name} {reading(name, snapshot.values[name])}")
        self.note(", ".join(parts))

    def note(self, text: str) -> None:
        """The text on a line of its own."""
        self._err.write(f"perfstress: {text}\n")
        self._err.flush()

    def close(self) -> None:
        """Nothing is held."""


class LiveProgress:
    """A picture that is redrawn in place, four times a second at most, and vanishes at the end."""

    def __init__(self, console: Console, *, clock: Callable[[], int] = now_ns) -> None:
        self._console = console
        self._clock = clock
        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._drawn_ns: int | None = None
        self._of = 0
        self._epoch: Epoch | None = None
        self._epoch_began: tuple[float, int] | None = None
        self._past: dict[str, deque[float]] = {}
        self._sampled_s = -1.0

    def stage(self, epoch: Epoch, of: int) -> None:
        """Begin a new bar."""
        if self._epoch is not None and epoch.index < self._epoch.index:
            self._past.clear()  # a confirming run: another process, another picture
            self._sampled_s = -1.0
        self._epoch, self._of, self._epoch_began = epoch, of, None

    def tick(self, snapshot: Snapshot) -> None:
        """Take note, and redraw if it is time."""
        if self._epoch_began is None:
            self._epoch_began = (snapshot.elapsed_s, snapshot.ops)
        self._remember(snapshot)
        at_ns = self._clock()
        if self._drawn_ns is not None and at_ns - self._drawn_ns < REFRESH_NS:
            return
        self._drawn_ns = at_ns
        if not self._live.is_started:
            self._live.start()
        self._live.update(self._picture(snapshot), refresh=True)

    def note(self, text: str) -> None:
        """The text above the picture, to stay."""
        self._console.print(Text.assemble(("perfstress: ", "dim"), text), soft_wrap=True)

    def close(self) -> None:
        """Take the picture away."""
        if self._live.is_started:
            self._live.stop()

    def _remember(self, snapshot: Snapshot) -> None:
        if snapshot.elapsed_s - self._sampled_s < 1.0:
            return  # one point a second, however often it ticks
        self._sampled_s = snapshot.elapsed_s
        values: Mapping[str, float | None] = {
            "rate": snapshot.rate_hz,
            "p99": snapshot.p99_ms,
            **{name: snapshot.values.get(name) for name in SHOWN},
        }
        for name, value in values.items():
            if value is not None:
                self._past.setdefault(name, deque(maxlen=KEPT)).append(value)

    def _picture(self, snapshot: Snapshot) -> Group:
        columns = max(8, min(KEPT // 2, self._console.width - 30))
        table = Table.grid(padding=(0, 2))
        table.add_column(style="dim", no_wrap=True)
        table.add_column(justify="right", no_wrap=True, min_width=10)
        table.add_column(style="cyan", no_wrap=True)
        rows: list[tuple[str, str]] = [("rate", f"{human_count(round(snapshot.rate_hz))}/s")]
        if snapshot.p99_ms is not None:
            rows.append(("p99", human_duration(snapshot.p99_ms / 1e3)))
        rows += [
            (name, reading(name, snapshot.values[name]))
            for name in SHOWN
            if name in snapshot.values
        ]
        for name, text in rows:
            table.add_row(f"  {name}", text, sparkline(self._past.get(name, ()), columns))
        return Group(self._headline(), self._bar(snapshot), self._counts(snapshot), table)

    def _headline(self) -> Text:
        epoch = self._epoch
        if epoch is None:
            return Text("")
        line = Text.assemble(
            (epoch.stage, "bold"), f"  epoch {epoch.index + 1} of {self._of}: {describe(epoch)}"
        )
        line.truncate(self._console.width, overflow="ellipsis")
        return line

    def _bar(self, snapshot: Snapshot) -> Table:
        row = Table.grid(padding=(0, 1))
        done = self._share_done(snapshot)
        percent = "" if done is None else f"{done:4.0%}"
        bar = ProgressBar(
            total=None if done is None else 1.0,
            completed=done or 0.0,
            width=max(8, min(40, self._console.width - 32)),
        )
        face = clock_face(snapshot.elapsed_s)
        if (expected := expected_s(snapshot)) is not None:
            face += f" of about {clock_face(expected)}"
        row.add_row(Text(" "), bar, Text(percent), Text(face, style="dim"))
        return row

    def _share_done(self, snapshot: Snapshot) -> float | None:
        """How much of the present epoch is done, by work or by time; None when unknowable."""
        if self._epoch is None or self._epoch_began is None:
            return None
        began_s, began_ops = self._epoch_began
        if self._epoch.ops:
            return min(1.0, (snapshot.ops - began_ops) / self._epoch.ops)
        if self._epoch.duration_ns:
            return min(1.0, (snapshot.elapsed_s - began_s) * NS_PER_S / self._epoch.duration_ns)
        return None

    def _counts(self, snapshot: Snapshot) -> Text:
        ops = human_count(snapshot.ops)
        if snapshot.intended_ops:
            ops += f" of {human_count(round(snapshot.intended_ops))}"
        line = Text.assemble(
            f"  {ops} operations, {human_count(snapshot.in_flight)} in flight, ",
            (f"{human_count(snapshot.errors)} errors", "bold red" if snapshot.errors else ""),
        )
        line.truncate(self._console.width, overflow="ellipsis")
        return line
