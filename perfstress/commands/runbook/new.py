"""``perfstress runbook new``: a commented runbook to fill in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from perfstress import phases, provenance
from perfstress.errors import UsageError
from perfstress.templates import filled
from perfstress.wholefile import write_whole

Ask = Callable[[str], str]

_TITLE = "TODO: the phase in a few words"
_BUILDS = "TODO: a paragraph: what there will be when the phase is done, and for whom."


def new(
    phase: str,
    *,
    title: str | None = None,
    builds: str | None = None,
    examples: Sequence[str] = (),
    ask: Ask | None = None,
    force: bool = False,
) -> Path:
    """Write ``runbooks/<phase>.md`` and give back its path; raises UsageError.

    ``ask`` puts a question to whoever sits at the terminal, for what is not given; without it, what
    is not given says TODO. An existing page stays as it is without ``force``.
    """
    _check_name(phase, "phase")
    root = provenance.root_of(Path.cwd())
    path = root / phases.FOLDER / f"{phase}.md"
    if path.exists() and not force:
        raise UsageError(
            f"{phases.shown(path)}: exists",
            hint="choose another name, or overwrite with --force",
            slug="exists",
        )
    if ask is not None:
        title = title or ask("The phase in a few words")
        builds = builds or ask("What it builds, in a sentence")
        examples = examples or _names(ask)
    for name in examples:
        _check_name(name, "example")
    values = {
        "phase": phase,
        "title": _line(title) or _TITLE,
        "builds": _line(builds) or _BUILDS,
        "examples": list(dict.fromkeys(examples)),
    }
    text = filled("runbook.md.j2", values)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text)
    except OSError as error:
        raise UsageError(
            f"{phases.shown(path)}: cannot be written: {error.strerror}",
            hint="mend the permissions of the folder",
            slug="output-not-writable",
        ) from error
    return phases.shown(path)


def _names(ask: Ask) -> list[str]:
    """The names of examples that somebody types; asks again where one is none."""
    question = "Its worked examples, names with spaces between"
    while True:
        names = ask(question).replace(",", " ").split()
        bad = [name for name in names if not phases.NAME.fullmatch(name)]
        if not bad:
            return names
        question = f"{bad[0]!r} is no name: small letters, digits, - and _; once more"


def _check_name(text: str, what: str) -> None:
    if not phases.NAME.fullmatch(text):
        raise UsageError(
            f"{text!r} is not a name of {'an' if what == 'example' else 'a'} {what}",
            hint="small letters, digits, - and _, such as black-friday",
            slug="bad-name",
        )


def _line(text: str | None) -> str:
    """Text on one line: a heading or a paragraph, whatever was typed."""
    return " ".join((text or "").split())
