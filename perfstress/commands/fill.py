"""``perfstress draft --fill``: the worked example that visits the emptiest region of the map."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from perfstress import loading, provenance, rules
from perfstress.errors import Problem, UsageError
from perfstress.ledger import kept
from perfstress.shapemap import proposing, words
from perfstress.shapemap.crowds import ranked
from perfstress.shapemap.regions import Gap, states_of
from perfstress.survey import Survey, survey
from perfstress.wholefile import write_whole

_TRIED = 20


@dataclass(frozen=True, slots=True)
class Filled:
    """The file that was written, and what it is to visit, in words."""

    path: Path
    visits: str


def fill(name: str | None = None, *, phase: str | None = None, force: bool = False) -> Filled:
    """Write a draft for the first empty region that one can be written for, of a ``phase`` or of
    all; what is left to settle says TODO. Raises UsageError.
    """
    root = provenance.root_of(Path.cwd())
    found = survey(root).only([phase] if phase else [])
    if not found.targets:
        raise UsageError(
            "there are no worked examples here, so there is nothing to go on from",
            hint="perfstress draft NAME --kind load  writes the first",
            slug="nothing-to-fill",
        )
    states = {target.name: states_of(target) for target in found.targets}
    gaps = ranked(found.targets, states, {one.kind for one in kept(root)})
    if not gaps:
        raise UsageError(
            "no region of production is empty, so there is nothing to fill",
            hint="perfstress shapes  draws the map; drafted examples are visited by running them",
            slug="nothing-to-fill",
        )
    for gap in gaps[:_TRIED]:
        if (drafted := _text(found, gap, name)) is None:
            continue
        path, text = drafted
        if path.exists() and not force:
            raise UsageError(
                f"{path}: exists",
                hint="choose another name, or overwrite with --force",
                slug="exists",
            )
        write_whole(path, text)
        return Filled(
            Path(os.path.relpath(path)),
            f"{gap.target.name}: {words.asked(gap.region, gap.target.envelope)}",
        )
    raise UsageError(
        "none of the empty regions can be drafted from the examples that are there",
        hint="perfstress shapes  names them; perfstress draft NAME --kind KIND  begins by hand",
        slug="nothing-to-fill",
    )


def _text(found: Survey, gap: Gap, name: str | None) -> tuple[Path, str] | None:
    """Where a draft goes, and its text, which lint has nothing against but its TODOs; None where no
    example of the target gives one. It goes beside the example whose data it takes over.
    """
    said = {}
    for one in gap.target.examples:
        loaded, _ = loading.check(found.root / one.path)
        if loaded is None:
            return None  # changed since the survey
        said[one.name] = loaded
    taken = [one.name for target in found.targets for one in target.examples]
    for base in proposing.bases(gap):
        path = (found.root / base.path).with_name(f"{name or proposing.name_of(gap, taken)}.yaml")
        text = proposing.draft(gap, said[base.name], said, path.stem)
        if not _against(text, path, found.root):
            return path, text
    return None


def _against(text: str, path: Path, root: Path) -> list[Problem]:
    """What lint says of a draft beside its TODOs."""
    loaded, problems = loading.check_text(text.replace("sha256: TODO", f"sha256: {'0' * 64}"), path)
    if loaded is not None:
        problems = rules.check(loaded, root)
    lines = text.splitlines()
    return [one for one in problems if not one.line or "TODO" not in lines[one.line - 1]]
