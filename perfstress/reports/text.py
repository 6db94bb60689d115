"""A verdict for a terminal: findings first, in sentences, then what the judgement rests on."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterable
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.text import Text

from perfstress import sizing, telling
from perfstress.run import Run
from perfstress.runfile import REPORT
from perfstress.verdict import Finding, Outcome, Verdict

COLOURS = {Outcome.PASS: "green", Outcome.FAIL: "red", Outcome.INCONCLUSIVE: "yellow"}
PLAIN_COLUMNS = 100  # where there is no terminal to ask
LABEL_COLUMNS = 9  # "not seen" and a space
NARROW_COLUMNS = 60  # below this a label stands on a line of its own
SPOTS_SHOWN = 6


def report(verdict: Verdict, run: Run, out: TextIO) -> None:
    """Write the summary; colours only where ``out`` is a terminal and NO_COLOR is not set."""
    text_summary(verdict, run, console=console_for(out))


def console_for(out: TextIO) -> Console:
    """A console that is as wide as the terminal behind ``out``, or 100 columns without one."""
    terminal = out.isatty()
    width = None if terminal or os.environ.get("COLUMNS") else PLAIN_COLUMNS
    return Console(file=out, width=width, markup=False, highlight=False, emoji=False)


def text_summary(verdict: Verdict, run: Run | None, *, console: Console) -> None:
    """Print the whole summary on ``console``; ``run`` adds its title, its end and its paths."""
    page = _Page(console)
    page.headline(verdict, run)
    for finding in telling.in_order(verdict.findings):
        page.finding(finding)
    page.checks(verdict)
    if run is not None:
        page.sizes(run)
    page.blind_spots(verdict)
    page.row("load", _load(verdict))
    for number, note in enumerate(verdict.notes):
        page.row("notes" if number == 0 else "", [Text(note)])
    if verdict.next_step:
        page.row("next", [Text(verdict.next_step, style="bold")], whole_words=True)
    page.paths(verdict, run)


def _load(verdict: Verdict) -> list[Text]:
    if not verdict.load.requests and not verdict.load.operations:
        return [Text("nothing was sent")]
    sent = [telling.load_requests(verdict), telling.load_rate(verdict)]
    kept = [telling.load_latency(verdict), telling.load_health(verdict)]
    real = "" if verdict.outcome is Outcome.INCONCLUSIVE else "real: "
    return [
        Text(real + "; ".join(part for part in sent if part)),
        Text("; ".join(part for part in kept if part)),
        Text(telling.load_phases(verdict)),
    ]


def _whole_words(text: Text, width: int) -> list[Text]:
    lines = textwrap.wrap(text.plain, width, break_long_words=False, break_on_hyphens=False)
    return [Text(line, style=text.style) for line in lines]


class _Page:
    """Rows of a label and hanging text, none longer than the console is wide, but for paths and
    commands: they are left whole, to be copied.
    """

    def __init__(self, console: Console) -> None:
        self.console = console
        self.narrow = console.width < NARROW_COLUMNS

    def line(self, text: Text) -> None:
        """One line as it stands; never wrapped again, never padded."""
        self.console.print(text, soft_wrap=True)

    def block(
        self, body: Iterable[Text], first: Text, indent: int, *, whole_words: bool = False
    ) -> None:
        """``first`` and then the text, wrapped, all lines but the first indented."""
        width = max(8, self.console.width - indent)
        wrapped = [
            line
            for text in body
            for line in (
                _whole_words(text, width)
                if whole_words
                else text.wrap(self.console, width, overflow="fold")
            )
        ]
        for number, line in enumerate(wrapped):
            line.rstrip()
            self.line(Text.assemble(first if number == 0 else " " * indent, line))

    def row(
        self,
        label: str,
        body: list[Text],
        style: str = "dim",
        indent: int = 2,
        mark: Text | None = None,
        whole_words: bool = False,
    ) -> None:
        """``label  mark text``, or the label above the text on a narrow console."""
        body = [text for text in body if text.plain]
        if not body:
            return
        mark = mark or Text("")
        name = Text(label, style=style)
        if self.narrow:
            if label:
                self.line(Text.assemble(" " * indent, name))
            start = indent + 2
            first = Text.assemble(" " * start, mark)
        else:
            start = indent + max(LABEL_COLUMNS, len(label) + 1)
            first = Text.assemble(" " * indent, name, " " * (start - indent - len(label)), mark)
        self.block(body, first, start + len(mark), whole_words=whole_words)

    def headline(self, verdict: Verdict, run: Run | None) -> None:
        """Example and verdict, the reasons, and loudly what makes this run less than a full one."""
        colour = COLOURS[verdict.outcome]
        line = Text.assemble(
            (f"{verdict.example}: ", "bold"), (verdict.outcome.value, f"bold {colour}")
        )
        if verdict.reduced:
            line.append("  REDUCED", style="bold magenta")
        if verdict.planted:
            line.append("  PLANTED", style="bold magenta")
        self.block([line], Text(), 0)
        if run is not None:
            self.block([Text(run.example.title, style="dim")], Text("  "), 2)
            if ended := telling.ending(run.manifest):
                self.row("PARTIAL", [Text(ended)], "bold magenta")
        if verdict.reduced:
            scale = f" (scale {run.manifest.scale:g})" if run is not None else ""
            told = f"not the committed example at full scale{scale}: this verdict is for trying out"
            self.row("REDUCED", [Text(told)], "bold magenta")
        planted = [Text(f"{one.resource}: {one.text}") for one in verdict.planted]
        if planted:
            planted.append(Text("this run shows what can be seen; it says nothing of the target"))
        self.row("PLANTED", planted, "bold magenta")
        for number, reason in enumerate(telling.reasons(verdict)):
            self.row("because" if number == 0 else "", [Text(reason)], colour)

    def finding(self, finding: Finding) -> None:
        """The sentence, then the numbers, the diagnosis and whether it came back."""
        style = "bold red" if finding.fails else "bold yellow"
        told = "" if finding.fails else "  (told, does not fail)"
        head = Text.assemble(
            "  ",
            (finding.label, style),
            f"  {finding.kind}",
            (f"  {finding.resource}{told}", "dim"),
        )
        self.block([head], Text(), 4)
        self.block([Text(finding.summary, style="bold")], Text("    "), 4)
        self.row("look at", [Text(finding.diagnosis)], indent=4)
        for label, fact in telling.facts(finding):
            self.row(label, [Text(fact)], indent=4)

    def checks(self, verdict: Verdict) -> None:
        """Each line of ``success`` with what was seen."""
        rows = telling.checks_in_order(verdict.checks)
        widest = max((len(check.text) for check in rows), default=0)
        beside = not self.narrow and widest <= self.console.width // 2 - 20
        for number, check in enumerate(rows):
            mark = Text(f"{telling.HELD[check.outcome]:<8}", style=COLOURS[check.outcome])
            written = check.text.ljust(widest) if beside else check.text
            line = Text.assemble(written, "  ", (check.seen, "dim"))
            self.row("success" if number == 0 else "", [line], mark=mark)

    def sizes(self, run: Run) -> None:
        """What an operation costs and takes at each size of a sweep."""
        steps = sizing.assessed_steps(run)
        # What the whole operation took belongs to no one of several steps.
        beside = sizing.burdens(run) if len(steps) == 1 else {}
        for number, one in enumerate(steps):
            told = [Text(one.step)] if len(steps) > 1 else []
            told += [Text(line) for line in sizing.lines(one.seen, beside)]
            self.row("sizes" if number == 0 else "", told, whole_words=False)

    def blind_spots(self, verdict: Verdict) -> None:
        """What this run could not have shown."""
        spots = verdict.could_not_see
        told = [telling.blind_spot(spot) for spot in spots[:SPOTS_SHOWN]]
        body = [Text.assemble((f"{noun}: ", "bold"), text) for noun, text in told]
        if len(spots) > SPOTS_SHOWN:
            body.append(Text(f"and {len(spots) - SPOTS_SHOWN} more, in the report"))
        self.row("not seen", body)

    def paths(self, verdict: Verdict, run: Run | None) -> None:
        """Where the run and its page lie."""
        path = Path(verdict.run)
        self.row("run", [Text(str(path))], whole_words=True)
        page = (run.path if run is not None else path) / REPORT
        if page.exists():
            self.row("report", [Text(str(path / REPORT))], whole_words=True)
