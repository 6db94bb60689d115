"""``perfstress shrink``: the smallest shape of a failed run's example that still shows the finding,
kept as its smoke test.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from perfstress import plan, provenance, runfile
from perfstress.clock import now_ns
from perfstress.errors import ExitCode, UsageError
from perfstress.example import WorkedExample
from perfstress.judge import judge
from perfstress.run import Run
from perfstress.shrinking import (
    PASSES,
    Document,
    Found,
    Search,
    Step,
    Trials,
    Wanted,
    fitting,
    journeys,
    keep,
    sides,
    wanted,
)
from perfstress.units import NS_PER_S, human_count, human_duration, parse_duration


@dataclass(frozen=True, slots=True)
class Request:
    """What the command line asked of ``shrink``; ``overrides`` are values of the mended side."""

    run: Path
    budget: str = "10m"
    finding: str | None = None
    mended: str | None = None
    overrides: Mapping[str, str] = field(default_factory=dict)
    as_json: bool = False


@dataclass(slots=True)
class _Work:
    """What is being shrunk, where, and how far it has come."""

    run: Run
    root: Path
    file: Path  # where it is kept, and where what is tried is looked at first
    whole: Document
    trials: Trials
    found: Found[Document]


def shrink(request: Request, *, out: TextIO, err: TextIO) -> ExitCode:
    """Search for the smallest shape within the budget and keep it; PASS when one was found,
    INCONCLUSIVE when nothing smaller shows the finding, or a side does not do what it should.

    Raises UsageError with every reason why the run cannot be shrunk, and KeyboardInterrupt when
    interrupted, after the best shape so far has been kept.
    """
    budget_ns = _budget_ns(request.budget)
    run = runfile.read(request.run)
    finding = wanted(run, judge(run), request.finding)
    with contextlib.ExitStack() as stack:
        work = _begin(request, run, finding, stack, err)
        err.write(f"shrinking {run.example.name}: {finding} has to be there still\n")
        if not _sides_are_right(work, err):
            if request.as_json:
                out.write(json.dumps(_conclude(work)) + "\n")
            return ExitCode.INCONCLUSIVE
        began = now_ns()

        # Whatever is begun has to be confirmed within the budget, too.
        runs = 3 if work.trials.mended else 2

        def may_go_on() -> bool:
            one_s = work.trials.done[-1]["seconds"] if work.trials.done else _seconds(run)
            return now_ns() - began + runs * one_s * NS_PER_S <= budget_ns

        passes = [_fitted(offers, work) for offers in PASSES]
        try:
            search = Search(work.trials.shows, work.trials.confirms, may_go_on, json.dumps)
            search.run(work.found, passes)
        except KeyboardInterrupt:
            err.write("\ninterrupted: the smallest shape so far is kept\n")
            _tell(_conclude(work), request, out, err)
            raise
    return _tell(_conclude(work), request, out, err)


def _budget_ns(text: str) -> int:
    try:
        budget_ns = parse_duration(text)
    except ValueError as error:
        raise UsageError(f"--budget: {error}", slug="bad-budget") from error
    if budget_ns == 0:
        raise UsageError("--budget 0s leaves no time to try anything", slug="bad-budget")
    return budget_ns


def _begin(
    request: Request, run: Run, finding: Wanted, stack: contextlib.ExitStack, err: TextIO
) -> _Work:
    """Both sides laid out, and the whole example as a shape; raises UsageError."""
    root = provenance.root_of(Path(run.manifest.example_path))
    document, overrides = sides.document_of(run)
    place = sides.place_of(run, root)
    commit = sides.commit_to_check_out(run, root)
    kept = sides.laid_out(run, root, place, None, overrides, stack)
    defective = sides.laid_out(run, root, place, commit, overrides, stack)
    mended = None
    if request.mended is not None or request.overrides:
        where = request.mended or commit
        values = {**overrides, **request.overrides}
        mended = sides.laid_out(run, root, place, where, values, stack)
    whole = fitting({**document, "title": f"{document['title']} (shrunk)"}, kept.file, root)
    if whole is None:
        raise UsageError(
            f"{run.path}: its example is not a valid one any more",
            hint=f"perfstress lint {run.manifest.example_path}",
            slug="not-shrinkable",
        )
    trials = Trials(finding, place / "tries", defective, err, mended)
    return _Work(run, root, kept.file, whole, trials, Found(whole, []))


def _sides_are_right(work: _Work, err: TextIO) -> bool:
    """Whether the sides do with the whole shape what they should. A run of a clean commit is known
    to fail there, and need not be repeated.
    """
    trials, git = work.trials, work.run.manifest.git
    if git.get("dirty") is not False:
        why = "there were uncommitted changes" if git.get("commit") else "there was no commit"
        err.write(f"  {why} when it was run: the whole example is run again first\n")
        if not trials.whole(trials.defective, work.whole):
            err.write(f"this tree does not show {trials.wanted}: there is nothing to shrink\n")
            return False
    if trials.mended is None or trials.whole(trials.mended, work.whole):
        return True
    err.write("the mended side does not pass the whole example: nothing smaller can be proven\n")
    return False


def _fitted(
    offers: Callable[[Document], Iterable[Step[Document]]], work: _Work
) -> Callable[[Document], Iterator[Step[Document]]]:
    """A pass whose steps are valid examples; the others are left out."""

    def fit(document: Document) -> Iterator[Step[Document]]:
        for step in offers(document):
            smaller = fitting(step.shape, work.file, work.root)
            if smaller is not None:
                yield Step(step.what, smaller)

    return fit


def _seconds(run: Run) -> float:
    return float(run.readings.t_s.max()) if len(run.readings.t_s) else 0.0


# ---------------------------------------------------------------- what came of it
def _conclude(work: _Work) -> dict[str, Any]:
    """Keep the smallest shape, and give back everything that is told of it."""
    trials, found = work.trials, work.found
    proven = bool(found.steps) and trials.mended is not None
    kept, why = None, ""
    if found.steps:
        kept, why = keep(
            found,
            work.run,
            work.root,
            work.file,
            trials.wanted,
            proven=proven,
            seconds=trials.done[-1]["seconds"],
        )
    else:
        work.file.unlink(missing_ok=True)
    return {
        "example": work.run.example.name,
        "run": str(work.run.path),
        "finding": {"class": trials.wanted.kind, "resource": trials.wanted.resource},
        "before": _size(work, work.whole),
        "after": _size(work, found.shape),
        "steps": found.steps,
        "minimal": found.minimal,
        "proven": proven,
        "kept": None if kept is None else str(kept),
        "not_in_the_library": why,
        "tries": trials.done,
    }


def _size(work: _Work, document: Document) -> dict[str, Any]:
    """How large a shape is; operations are 0 where they are not known before."""
    example = WorkedExample.model_validate(document)
    planned = plan.epochs(example, folder=work.file.parent)
    operations = plan.total_ops([epoch for epoch in planned if epoch.kind == "work"])
    return {
        "journeys": [name for _, name in journeys(document)],
        "operations": round(operations),
        "level": plan.highest_level(planned),
        "epochs": len(planned),
    }


def _tell(result: Mapping[str, Any], request: Request, out: TextIO, err: TextIO) -> ExitCode:
    if request.as_json:
        out.write(json.dumps(result) + "\n")
    text = err if request.as_json else out
    finding = Wanted(result["finding"]["class"], result["finding"]["resource"])
    spent = human_duration(sum(one["seconds"] for one in result["tries"]))
    tries = f"{len(result['tries'])} runs, {spent}"
    if result["kept"] is None:
        text.write(f"shrink: nothing smaller was found that shows {finding} ({tries})\n")
        if not result["minimal"]:
            text.write("  not everything was tried: a larger --budget may find something\n")
        return ExitCode.INCONCLUSIVE
    before, after = result["before"], result["after"]
    text.write(f"shrink: {finding} is still there ({tries})\n")
    for name in ("journeys", "operations", "level"):
        old, new = (_figure(each[name]) for each in (before, after))
        if old != new:
            text.write(f"  {name:11} {old} -> {new}\n")
    for step in result["steps"]:
        text.write(f"  taken       {step}\n")
    if not result["minimal"]:
        text.write("  not all smaller shapes were tried: a larger --budget may find one\n")
    if result["proven"]:
        text.write("  proven      fails on the defective side, passes on the mended one\n")
    else:
        text.write("  unproven    --mended COMMIT or --set PATH=VALUE names a side to pass\n")
    text.write(f"  kept        {result['kept']}\n")
    if why := result["not_in_the_library"]:
        text.write(f"  not in the library: {why}\n")
    return ExitCode.PASS


def _figure(value: Any) -> str:
    return human_count(len(value) if isinstance(value, list) else value)
