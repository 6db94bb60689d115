"""``perfstress replay``: the regression library again, each entry on its own; the worst decides."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from typing import TextIO

from perfstress import library, provenance
from perfstress.errors import ExitCode, UsageError
from perfstress.replaying import plan as plans
from perfstress.replaying import table
from perfstress.replaying.results import Summary
from perfstress.replaying.wanted import Wanted, checked_retries, parse_budget, parse_shard
from perfstress.wholefile import write_whole


@dataclass(frozen=True, slots=True)
class Request:
    """What the command line asked of ``replay``, as it was written."""

    names: tuple[str, ...] = ()
    tier: str = "smoke"
    shard: str | None = None
    budget: str | None = None
    changed_since: str | None = None
    retries: int = 1
    dry_run: bool = False
    resume: bool = False
    against: str | None = None
    pairs: int | None = None
    junit: Path | None = None
    markdown: Path | None = None
    as_json: bool = False

    @property
    def wanted(self) -> Wanted:
        """The wish behind it; raises UsageError."""
        return Wanted(
            names=self.names,
            tier=self.tier,
            shard=None if self.shard is None else parse_shard(self.shard),
            budget_s=None if self.budget is None else parse_budget(self.budget),
            changed_since=self.changed_since,
            retries=checked_retries(self.retries),
        )


def replay(request: Request, *, out: TextIO, err: TextIO) -> ExitCode:
    """Replay the entries of a tier, or those that are named; a failing entry never hides the
    others.

    Raises LibraryError for a name that the library has not, and UsageError for a wish that cannot
    be.
    """
    root = provenance.root_of(Path.cwd())
    wanted = _with_commit(request, root)
    text = err if request.as_json else out
    if request.resume:
        _alone(request)
    else:
        plan = plans.make(root, wanted)
        if request.dry_run:
            table.plan(plan, text)
            if not plan.planned and not plan.left_out:
                _tell_nothing(root, text)
            if request.as_json:
                out.write(json.dumps(plan.as_json()) + "\n")
            return ExitCode.PASS
    for file in (request.junit, request.markdown):
        _check_folder(file)
    from perfstress.replaying import course  # delayed: a plan does without numpy, psutil, httpx

    summary = course.resume(root, err=err) if request.resume else course.run(root, plan, err=err)
    _told(summary, request, root, out=out, text=text)
    return summary.exit_code


def _with_commit(request: Request, root: Path) -> Wanted:
    """The wish, with the commit to compare with by its hash: a replay that goes on means the same.

    Raises UsageError and ProvenanceError.
    """
    if request.against is None:
        if request.pairs is not None:
            raise UsageError(
                "--times is for --against alone",
                hint="name the commit to compare with: --against main",
                slug="bad-times",
            )
        return request.wanted
    from perfstress import against  # delayed: numpy, psutil, httpx

    pairs = against.checked_pairs(against.PAIRS if request.pairs is None else request.pairs)
    older, _ = against.commits(root, request.against)
    return replace(request.wanted, against=older, pairs=pairs)


def _told(summary: Summary, request: Request, root: Path, *, out: TextIO, text: TextIO) -> None:
    table.summary(summary, text)
    if not summary.results and not summary.left_out:
        _tell_nothing(root, text)
    if request.as_json:
        out.write(json.dumps(summary.as_json()) + "\n")
    from perfstress.replaying import junit, markdown  # delayed: numpy

    for file, report in ((request.junit, junit.report), (request.markdown, markdown.report)):
        if file is not None:
            _write(file, report, summary)


def _tell_nothing(root: Path, text: TextIO) -> None:
    text.write(f"  there is nothing in {root / library.FOLDER}; perfstress promote fills it\n")


def _alone(request: Request) -> None:
    """Refuse what a replay that goes on has settled when it began."""
    asked: Mapping[str, bool] = {
        "names": bool(request.names),
        "--tier": request.tier != "smoke",
        "--shard": request.shard is not None,
        "--budget": request.budget is not None,
        "--changed-since": request.changed_since is not None,
        "--against": request.against is not None,
        "--retries": request.retries != 1,
        "--dry-run": request.dry_run,
    }
    if others := [name for name, is_there in asked.items() if is_there]:
        raise UsageError(
            f"--resume and {', '.join(others)}: a replay that goes on keeps the plan it began with",
            hint="leave one of them away",
            slug="resume-alone",
        )


def _check_folder(file: Path | None) -> None:
    """Say before the first entry that a report will not be written, not after the last."""
    if file is not None and (file.is_dir() or not file.resolve().parent.is_dir()):
        why = "is a folder" if file.is_dir() else "its folder does not exist"
        raise UsageError(f"{file}: {why}", hint="name a file", slug="output-not-writable")


def _write(file: Path, report: Callable[[Summary, TextIO], None], summary: Summary) -> None:
    page = StringIO()
    report(summary, page)
    try:
        write_whole(file, page.getvalue())
    except OSError as error:
        raise UsageError(
            f"{file}: cannot be written: {error.strerror}",
            hint="name another file",
            slug="output-not-writable",
        ) from error
