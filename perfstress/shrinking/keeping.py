"""Where the smallest shape is kept: as the smoke test of its regression, or beside its tries."""

from __future__ import annotations

from pathlib import Path

from perfstress import library, runfile
from perfstress.errors import LibraryError
from perfstress.run import Run
from perfstress.shrinking.admission import Wanted
from perfstress.shrinking.search import Found
from perfstress.shrinking.shapes import Document
from perfstress.shrinking.writing import written
from perfstress.wholefile import write_whole


def keep(
    found: Found[Document],
    run: Run,
    root: Path,
    file: Path,
    wanted: Wanted,
    *,
    proven: bool,
    seconds: float,
) -> tuple[Path, str]:
    """Keep a shape whose run takes ``seconds``: the file that was written, and why it is not in the
    library, where it is not.

    Only a shape that is proven is put into the library: there it stands for the whole example in
    the smoke tier, and one that cannot pass would keep every change from being merged.
    """
    text = written(found.shape, _heading(run, wanted, proven))
    write_whole(file, text)
    entry = next((one for one in library.entries(root) if one.name == run.example.name), None)
    if entry is None:
        return file, "the example is not promoted"
    if why := _against(entry, run, proven):
        return file, why
    return library.add_smoke(entry, text, seconds), ""


def _against(entry: library.Entry, run: Run, proven: bool) -> str:
    try:
        library.check_frozen(entry)
    except LibraryError as error:
        return error.message
    frozen = (entry.folder / library.EXAMPLE).read_text(encoding="utf-8")
    if frozen != (run.path / runfile.EXAMPLE_SOURCE).read_text(encoding="utf-8"):
        return "the run is of another text of the example than the promoted one"
    if any(not path.startswith("target.") for path in run.manifest.overrides):
        return "values of the example were changed by --set"
    return "" if proven else "it is not proven to pass on a mended side"


def _heading(run: Run, wanted: Wanted, proven: bool) -> str:
    commit = run.manifest.git.get("short") or "no commit"
    side = "and passes on the mended one" if proven else "and is unproven: no mended side was run"
    return (
        f"Made by perfstress shrink from a run of {commit}: a reduced shape that still shows\n"
        f"{wanted}. It fails on the defective side, {side}."
    )
