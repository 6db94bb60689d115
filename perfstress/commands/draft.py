"""``perfstress draft``: a commented worked example to fill in, from scratch or from a recording."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path

from perfstress import drafting, importers, phases, provenance
from perfstress.drafting import EMPTY, Ask, Given, rendered
from perfstress.errors import UsageError
from perfstress.example import KINDS_NOT_YET, Workload
from perfstress.importers.recorded import Recorded, RecordedJourney, RecordedStep
from perfstress.wholefile import write_whole

KINDS = ("load", "soak", "spike", "wrap", "interaction", "stress", "sweep")
WORKLOADS = ("http", "calls", "runs", "tcp", "ws", "sql")

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,79}")
# What the figures of a run say nothing of.
_NO_INPUT = ("locust", "k6")


@dataclasses.dataclass(frozen=True, slots=True)
class Drafted:
    """What was written, with the data set beside it, and what there is to say of the recording."""

    path: Path
    notes: tuple[str, ...]
    data: Path | None = None


def draft(
    name: str,
    *,
    kind: str | None,
    phase: str | None = None,
    workload: str = "http",
    source: str | None = None,
    recording: Path | None = None,
    rate: str | None = None,
    concurrency: str | None = None,
    horizon: str | None = None,
    known_from: str | None = None,
    implements: Sequence[str] = (),
    folder: Path = Path("worked_examples"),
    ask: Ask | None = None,
    force: bool = False,
) -> Drafted:
    """Write ``folder/name.yaml``, and give back its path and the notes on the recording; raises
    UsageError.

    ``source`` names the format of ``recording`` (see ``importers.IMPORTERS``); ``known_from`` says
    where the figures given come from. ``ask`` puts a question to whoever sits at the terminal, for
    what is neither given nor recorded. What the author has to settle says TODO, which ``lint``
    reports until it is gone. An existing file stays as it is without ``force``.
    """
    for what, text in (("name", name), ("phase", phase or "phase")):
        if not _NAME.fullmatch(text):
            raise UsageError(
                f"{text!r} is not a {what}",
                hint="small letters, digits, - and _, such as black-friday",
                slug="bad-name",
            )
    if kind is None and ask is not None:
        kind = drafting.chosen(ask, "Kind", KINDS)
    if kind is None:
        raise UsageError(
            "a draft takes a kind", hint=f"--kind, one of {', '.join(KINDS)}", slug="bad-value"
        )
    _is_one_of("kind", kind, KINDS, KINDS_NOT_YET)
    later = tuple(sorted(set(Workload.model_fields) - set(WORKLOADS)))
    _is_one_of("a draft of workload", workload, WORKLOADS, later)
    _refuse_pair(kind, workload, source)
    path = folder / f"{name}.yaml"
    _refuse_there(path, None, force=force)
    given = Given(
        phase=phase,
        rate=drafting.checked("--rate", rate, drafting.rate_of),
        concurrency=drafting.checked("--concurrency", concurrency, drafting.concurrency_of),
        horizon=drafting.checked("--horizon", horizon, drafting.horizon_of),
        source=known_from,
        implements=tuple(implements),
    )
    recorded = _recorded(source, recording)
    if ask is not None:
        given = dataclasses.replace(given, phase=phase or _phase(folder, ask))
        given = drafting.completed(given, recorded, ask)
    if kind == "interaction":
        recorded = _side_by_side(recorded)
    if kind == "sweep":
        recorded = _one_journey(recorded)
    if rows := drafting.rows_of(recorded):
        _refuse_there(drafting.data_of(path), rows, force=force)
        _save(drafting.data_of(path), rows)
    _save(path, rendered(path, kind, workload, recorded, given))
    return Drafted(path, recorded.notes, drafting.data_of(path) if rows else None)


def _refuse_there(path: Path, text: str | None, *, force: bool) -> None:
    """A file that is there already, with another text than the one to write."""
    if not path.exists() or force:
        return
    if text is None or not path.is_file() or path.read_bytes() != text.encode():
        hint = "choose another name, or overwrite with --force"
        raise UsageError(f"{path}: exists", hint=hint, slug="exists")


def _refuse_pair(kind: str, workload: str, source: str | None) -> None:
    """What cannot be drafted together, each with its reason."""
    if kind == "stress" and workload == "runs":
        raise UsageError(
            "a stress climbs by the rate of its arrivals, which --workload runs does not have",
            hint="--workload http, or calls",
            slug="bad-value",
        )
    if kind == "interaction" and workload != "http":
        raise UsageError(
            f"an interaction runs journeys beside each other, and --workload {workload} has one",
            hint="leave --workload out",
            slug="bad-value",
        )
    if source is not None and workload != "http":
        raise UsageError(
            f"--from {source} gives requests, which --workload {workload} does not take",
            hint="leave --workload out",
            slug="bad-recording",
        )
    if kind == "sweep" and source in _NO_INPUT:
        raise UsageError(
            f"a sweep varies the size of an input, and the figures of --from {source} have none",
            hint="--from har, curl, openapi or postman hold a request with its input",
            slug="bad-recording",
        )


def _side_by_side(recorded: Recorded) -> Recorded:
    """Two journeys at least: those that were recorded, the five most frequent, or one to add."""
    journeys = recorded.journeys[:5]
    if len(journeys) < 2:
        journeys += (RecordedJourney("buy", 1, (RecordedStep("post", "/TODO"),)),)
    return dataclasses.replace(recorded, journeys=journeys)


def _one_journey(recorded: Recorded) -> Recorded:
    """The most frequent journey: a sweep varies one thing."""
    if len(recorded.journeys) < 2:
        return recorded
    note = f"a sweep varies one thing: {len(recorded.journeys) - 1} more journeys are left out"
    notes = (*recorded.notes, note)
    return dataclasses.replace(recorded, journeys=recorded.journeys[:1], notes=notes)


def _phase(folder: Path, ask: Ask) -> str | None:
    """One of the phases that have a page, if there are any."""
    known = [path.stem for path in phases.files(provenance.root_of(folder))]
    if not known:
        return None
    return drafting.asked(ask, f"Phase: {', '.join(known)}", drafting.one_of(known))


def _save(path: Path, text: str) -> None:
    """The whole file or none; raises UsageError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text)
    except OSError as error:
        raise UsageError(
            f"{path}: cannot be written: {error.strerror}",
            hint="name a folder that can be written with --folder",
            slug="output-not-writable",
        ) from error


def _is_one_of(what: str, value: str, known: tuple[str, ...], later: tuple[str, ...]) -> None:
    if value in later:
        raise UsageError(
            f"{what} {value!r} is not in this version",
            hint=f"one of {', '.join(known)}",
            slug="not-in-this-version",
        )
    if value not in known:
        hint = f"one of {', '.join(known)}"
        raise UsageError(f"{value!r} is not a {what.split()[-1]}", hint=hint, slug="bad-value")


def _recorded(source: str | None, recording: Path | None) -> Recorded:
    if source is None and recording is None:
        return EMPTY
    if source is None or recording is None:
        raise UsageError(
            "a recording takes both its format and its file",
            hint=f"--from FORMAT FILE, of {', '.join(importers.IMPORTERS)}",
            slug="bad-recording",
        )
    _is_one_of("recording", source, tuple(importers.IMPORTERS), ())
    return importers.read(source, recording)
