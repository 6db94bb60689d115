"""``perfstress seal``: keep through squash merges the proof that an example came first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from perfstress import phases, provenance, rules, sealing
from perfstress.errors import ExitCode, UsageError
from perfstress.phases import Runbook, Seal
from perfstress.standing import standings
from perfstress.wholefile import write_whole


def seal(examples: Sequence[str], *, out: TextIO) -> ExitCode:
    """Write the seals of committed examples into the runbooks that name them: of all or of none.

    Raises UsageError for the first that cannot be sealed. What is sealed as it is stays as it is.
    """
    root = provenance.root_of(Path.cwd())
    runbooks, _ = phases.read_all(root)
    names = list(dict.fromkeys(Path(name).stem for name in examples))
    homes = {name: _home(runbooks, name) for name in names}
    found = {
        (each.phase, each.example): each
        for each in standings(
            root, list({id(h): h for h in homes.values()}.values()), rules.weakening
        )
    }
    made: dict[Path, tuple[Runbook, list[Seal]]] = {}
    for name, runbook in homes.items():
        new = sealing.seal(root, found[runbook.phase, name])
        last = [each for each in runbook.seals if each.example == name][-1:]
        if last and last[0].blob == new.blob:
            out.write(f"{name}: sealed already, as blob {new.blob[:7]}\n")
            continue
        made.setdefault(runbook.path, (runbook, []))[1].append(new)
    pages = {path: sealing.page_with(runbook, seals) for path, (runbook, seals) in made.items()}
    for path, text in pages.items():
        _write(path, text)
        for each in made[path][1]:
            what = f"blob {each.blob[:7]} of commit {each.commit[:7]}, {each.at}"
            out.write(f"sealed {each.example}: {what}\n")
    if made:
        named = " ".join(sorted(runbook.display for runbook, _ in made.values()))
        out.write(f"next: commit and land {named} before the implementation\n")
    return ExitCode.PASS


def _write(path: Path, text: str) -> None:
    try:
        write_whole(path, text, newline="")
    except OSError as error:
        raise UsageError(
            f"{phases.shown(path)}: cannot be written: {error.strerror}",
            hint="mend its permissions",
            slug="output-not-writable",
        ) from error


def _home(runbooks: Sequence[Runbook], name: str) -> Runbook:
    for runbook in runbooks:
        if name in runbook.examples:
            return runbook
    raise UsageError(
        f"no runbook names {name}",
        hint=f"add it to the examples of its phase, {phases.FOLDER}/PHASE.md",
        slug="no-runbook",
    )
