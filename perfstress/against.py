"""An entry of the library run for two commits in turns on this machine, each in a worktree.

Both sides run the entry as it is frozen now, with the build of their own commit, out of one cache.
The runs of a comparison are kept in ``.perfstress/comparisons/<time>/<entry>/`` as 01-before,
01-after and so on.
"""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from perfstress import discovery, judge, ownfolder, runfile, session
from perfstress.clock import wall
from perfstress.comparing import interleaved
from perfstress.comparing.compared import Compared
from perfstress.comparing.figures import figures_of
from perfstress.comparing.interleaved import Interleaved, Measured, Side, interleave
from perfstress.comparing.paired import LEAST_PAIRS, MOST_PAIRS
from perfstress.comparing.tails import tails_of
from perfstress.errors import PerfstressError, UsageError
from perfstress.verdict import Finding, Outcome, Verdict
from perfstress.watching import Unwatched, Watcher
from perfstress.worktrees import checked_out, full_hash

FOLDER = ownfolder.OWN / "comparisons"
KEPT = 10  # comparisons, the newest; each has the runs of all its entries
PAIRS = interleaved.PAIRS


@dataclass(frozen=True, slots=True)
class Sides:
    """Two commits that lie ready: ``before`` and ``after`` are work trees, ``names`` their short
    hashes; ``folder`` is where the runs are kept.
    """

    root: Path
    folders: dict[Side, Path]
    names: dict[Side, str]
    folder: Path


@dataclass(frozen=True, slots=True)
class Against:
    """What came of one entry: how the newer commit does by itself (by most of its runs), and each
    metric beside the older one. ``not_compared`` says why there is no comparison.
    """

    outcome: Outcome
    findings: tuple[Finding, ...]
    comparison: tuple[Compared, ...]
    pairs: int
    run: str
    not_compared: str = ""

    @property
    def regressed(self) -> tuple[Compared, ...]:
        """What became worse."""
        return tuple(one for one in self.comparison if one.is_worse)


class _OlderDoesNotRun(Exception):
    """The older commit cannot run the entry: there is nothing to compare with."""


def checked_pairs(number: int) -> int:
    """The number of pairs itself, if it is one that a comparison can be made of."""
    if not LEAST_PAIRS <= number <= MOST_PAIRS:
        raise UsageError(
            f"--times {number}: not from {LEAST_PAIRS} to {MOST_PAIRS}",
            hint=f"the pairs of runs to begin with; {PAIRS} find a change of four times the noise",
            slug="bad-times",
        )
    return number


def commits(root: Path, ref: str) -> tuple[str, str]:
    """The hashes of the older commit, which ``ref`` names, and of HEAD.

    Raises ProvenanceError where one of them is none, and UsageError where they are the same.
    """
    older, newer = full_hash(root, ref), full_hash(root, "HEAD")
    if older == newer:
        raise UsageError(
            f"--against {ref}: that is HEAD itself ({newer[:10]}); what is not committed is not "
            "compared",
            hint="commit the change and name the commit before it, such as HEAD~1 or main",
            slug="against-itself",
        )
    return older, newer


@contextlib.contextmanager
def both(root: Path, ref: str) -> Iterator[Sides]:
    """The commit that ``ref`` names, and HEAD, checked out beside the work tree for a while; raises
    as ``commits`` does.
    """
    older, newer = commits(root, ref)
    folder = root / FOLDER / wall().strftime("%Y%m%dT%H%M%S.%fZ")
    for old in sorted((root / FOLDER).glob("*/"))[: 1 - KEPT]:
        shutil.rmtree(old, ignore_errors=True)
    with checked_out(root, older) as before, checked_out(root, newer) as after:
        yield Sides(
            root,
            {"before": before, "after": after},
            {"before": older[:10], "after": newer[:10]},
            folder,
        )


def compared(
    name: str, example: Path, sides: Sides, *, pairs: int = PAIRS, watcher: Watcher | None = None
) -> Against:
    """Run an entry's example for both sides in turns and compare.

    Raises TargetError and its like where the newer commit cannot run it.
    """
    watcher = watcher or Unwatched()
    verdicts: list[tuple[Verdict, Path]] = []

    def measure(side: Side, pair: int) -> Measured:
        watcher.note(f"{name}: pair {pair + 1}, {side} ({sides.names[side]})")
        folder = sides.folder / name / f"{pair + 1:02}-{side}"
        try:
            session.carry_out(_order(example, sides, side, folder), Unwatched())
        except PerfstressError as error:
            if side == "before":
                raise _OlderDoesNotRun(f"at {sides.names[side]}: {error.message}") from error
            raise
        run = runfile.read(folder)
        if side == "after":
            verdict = judge.judge(run)
            runfile.write_result(folder, verdict.as_json())
            verdicts.append((verdict, folder))
        return Measured(figures_of(run), tails_of(run))

    def suspicion(names: list[str]) -> None:
        watcher.note(f"{name}: {', '.join(names)} may be worse: running {pairs} more pairs")

    seed = f"{name} {sides.names['before']} {sides.names['after']}"
    not_compared = ""
    try:
        seen = interleave(measure, pairs=pairs, seed=seed, on_suspicion=suspicion)
    except _OlderDoesNotRun as error:
        not_compared, seen = str(error), Interleaved((), 0)
        if not verdicts:
            measure("after", 0)
    outcome, findings, run = _by_most(verdicts)
    return Against(outcome, findings, seen.comparison, seen.pairs, str(run), not_compared)


def _order(example: Path, sides: Sides, side: Side, folder: Path) -> session.Order:
    folder.parent.mkdir(parents=True, exist_ok=True)
    order = discovery.order(example, out=folder)
    cache = sides.root / session.CACHE_FOLDER
    return dataclasses.replace(order, root=sides.folders[side], cache=cache, compared=True)


def _by_most(
    verdicts: Sequence[tuple[Verdict, Path]],
) -> tuple[Outcome, tuple[Finding, ...], Path]:
    """What most runs of the newer commit say: no growth is confirmed by one run alone, and no
    failure of a busy second decides. The run is one that says so.
    """
    counted = Counter(verdict.outcome for verdict, _ in verdicts)
    outcome = next(
        (outcome for outcome, count in counted.items() if 2 * count > len(verdicts)),
        Outcome.INCONCLUSIVE,
    )
    times = Counter((f.kind, f.resource) for v, _ in verdicts for f in v.findings if f.fails)
    verdict, run = next((one for one in verdicts if one[0].outcome is outcome), verdicts[-1])
    findings = tuple(
        finding
        for finding in verdict.findings
        if not finding.fails or 2 * times[finding.kind, finding.resource] > len(verdicts)
    )
    return outcome, findings if outcome is Outcome.FAIL else (), run
