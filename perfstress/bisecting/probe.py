"""The example that a bisection runs at every commit, as it stands today."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from perfstress import library, loading
from perfstress.errors import LibraryError
from perfstress.example import WorkedExample


@dataclass(frozen=True, slots=True)
class Probe:
    """An example: ``path`` is its file from the root of the project, ``digest`` its checksum,
    ``promoted_at`` the commit at which it was put into the library.
    """

    root: Path
    path: Path
    example: WorkedExample
    digest: str
    promoted_at: str | None = None


def probe_of(root: Path, name: str, *, full: bool) -> Probe:
    """The library's entry of this name, its smoke shape where it has one and ``full`` is not asked
    for; else the worked example of this name. Raises LibraryError and ExampleError.
    """
    known = {entry.name: entry for entry in library.entries(root)}
    promoted_at = None
    if (entry := known.get(name)) is not None:
        library.check_frozen(entry)
        smoke = entry.folder / library.SMOKE
        path = smoke if smoke.exists() and not full else entry.folder / library.EXAMPLE
        promoted_at = entry.baseline.get("commit")
    else:
        path = root / library.WORKED_EXAMPLES / f"{name}.yaml"
        if not path.is_file():
            raise LibraryError(
                f"{name}: neither in {library.FOLDER}/ nor in {library.WORKED_EXAMPLES}/",
                hint=f"there are: {', '.join(known) or 'none yet; perfstress promote makes one'}",
                slug="no-entry",
            )
    loaded = loading.load(path, {})
    return Probe(root, path.relative_to(root), loaded.example, library.sha256(path), promoted_at)
