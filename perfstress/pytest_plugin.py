"""The one door to pytest: with ``pytest --perfstress`` each entry of the regression library is a
test.

Without the option nothing of perfstress is imported but this file.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:  # numpy and psutil must cost nothing where nobody asked for a replay
    from perfstress.replaying.plan import Planned
    from perfstress.replaying.results import Replayed

TIERS = ("smoke", "full", "soak")
LIBRARY = "regressions"
EXAMPLE = "example.yaml"


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--perfstress`` and ``--perfstress-retries``."""
    group = parser.getgroup("perfstress", "replay of the perfstress regression library")
    group.addoption(
        "--perfstress",
        nargs="?",
        const=TIERS[0],
        choices=TIERS,
        metavar="TIER",
        help="each entry of regressions/ is a test: smoke (the default), full or soak; "
        "paths stand before it",
    )
    group.addoption(
        "--perfstress-retries",
        type=int,
        default=1,
        metavar="N",
        help="how often an entry that is INCONCLUSIVE is tried again (1)",
    )


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """An entry of the library, where the option was given."""
    is_entry = file_path.name == EXAMPLE and file_path.parent.parent.name == LIBRARY
    if is_entry and parent.config.getoption("perfstress"):
        return Entry.from_parent(parent, path=file_path)
    return None


@pytest.hookimpl(tryfirst=True)  # before -k and -m select
def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Without paths on the command line the whole library belongs to the tests."""
    if not config.getoption("perfstress") or config.args_source is pytest.Config.ArgsSource.ARGS:
        return
    known = {item.path for item in items if isinstance(item, Replay)}
    for file in sorted((_root(config) / LIBRARY).glob("*/")):
        if (path := file / EXAMPLE) not in known and not file.name.startswith("."):
            items.extend(Entry.from_parent(session, path=path).collect())


def _root(config: pytest.Config) -> Path:
    from perfstress import provenance  # delayed: see the top

    return provenance.root_of(config.rootpath)


class Entry(pytest.File):
    """An entry of the library: one test, or none where it is not part of the tier."""

    def collect(self) -> Iterator[Replay]:
        """The replay of the entry."""
        from perfstress.replaying import plan  # delayed: see the top
        from perfstress.replaying.wanted import Wanted

        wanted = Wanted((self.path.parent.name,), tier=self.config.getoption("perfstress"))
        for planned in plan.make(self.path.parents[2], wanted).planned:
            yield Replay.from_parent(self, name=planned.name, planned=planned)


class Replay(pytest.Item):
    """The replay of one entry, in this process; its target runs in one of its own."""

    def __init__(self, *, planned: Planned, **others: Any) -> None:
        super().__init__(**others)
        self.planned = planned
        self.result: Replayed | None = None
        self.add_marker("perfstress")

    def setup(self) -> None:
        """Run it: what could not be run is an error of the test, and no failure."""
        from perfstress import ownfolder  # delayed: see the top
        from perfstress.replaying.one import Circumstances, replayed

        root = self.path.parents[2]
        around = Circumstances(
            root=root,
            tier=self.config.getoption("perfstress"),
            retries=max(0, self.config.getoption("perfstress_retries")),
            folder=root / ownfolder.OWN / "pytest",
            err=sys.stderr,
        )
        self.result = replayed(self.planned, around)
        if self.result.verdict == "ERROR":
            pytest.fail(_told(self.result), pytrace=False)

    def runtest(self) -> None:
        """Pass, fail, or be skipped where the verdict is open."""
        assert self.result is not None
        if self.result.verdict == "INCONCLUSIVE":
            pytest.skip(f"INCONCLUSIVE: {self.result.problem}")
        if self.result.verdict != "PASS":
            pytest.fail(_told(self.result), pytrace=False)

    def reportinfo(self) -> tuple[Path, None, str]:
        """How the test is called in reports."""
        return self.path, None, f"perfstress replay {self.name}"


def _told(result: Replayed) -> str:
    """The findings in sentences: what pytest reports in place of a traceback."""
    lines = [f"{result.name}: {result.verdict}", *(f"  {said}" for said in result.told)]
    if result.hint:
        lines.append(f"  hint: {result.hint}")
    if result.run:
        lines.append(f"  perfstress report {os.path.relpath(result.run)}")
    return "\n".join(lines)


def pytest_configure(config: pytest.Config) -> None:
    """The mark by which ``-m`` selects the entries."""
    config.addinivalue_line("markers", "perfstress: an entry of the perfstress regression library")


def pytest_report_collectionfinish(items: list[pytest.Item], config: pytest.Config) -> str | None:
    """How many entries there are, so that an empty library is seen."""
    if not (tier := config.getoption("perfstress")):
        return None
    count = sum(isinstance(item, Replay) for item in items)
    entries = "1 entry" if count == 1 else f"{count} entries"
    return f"perfstress: {entries} of {LIBRARY}/ in tier {tier}"
