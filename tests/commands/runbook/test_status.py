"""``perfstress runbook status``: what is told of each state, as lines, as a table, as JSON."""

from __future__ import annotations

import io
import json
import os
import re
from pathlib import Path

import pytest

from perfstress.commands.runbook.status import status
from perfstress.errors import ExitCode
from tests.support.golden import Golden
from tests.support.phased import CODE, EXAMPLE, PAGE, RUNBOOK, TEXT, promoted, run_of
from tests.test_provenance import Repository


class Terminal(io.StringIO):
    """Where a person looks."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    for name in list(os.environ):
        if name.startswith("GIT_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("TERM", "xterm")
    found = Repository(tmp_path / "project")
    monkeypatch.chdir(found.root)
    return found


@pytest.fixture
def many(repository: Repository) -> dict[str, str]:
    """An example in each state; gives the scrubs of the commits."""

    def text(name: str, code: str) -> str:
        return TEXT.replace("name: sound", f"name: {name}").replace(CODE, code)

    examples = "gone, spoilt, late, weak, sound, begun, ready, new"
    page = PAGE.replace("[sound]", f"[{examples}]")
    repository.write(".gitignore", ".perfstress/\n")
    repository.write("runbooks/till.md", PAGE.replace("phase: shop", "phase: till"))
    late = repository.commit({RUNBOOK: page, "late.py": "1"})
    added = repository.commit(
        {
            f"worked_examples/{name}.yaml": text(name, code)
            for name, code in (
                ("late", "late.py"),
                ("weak", "none.py"),
                ("sound", CODE),
                ("begun", CODE),
                ("ready", "none.py"),
                ("spoilt", CODE),
            )
        }
    )
    weak = text("weak", "none.py").replace("1M/day", "100/day").replace("14d", "7d")
    spoilt = text("spoilt", CODE).replace("kind: soak", "kind: soup")
    begun = repository.commit(
        {"worked_examples/weak.yaml": weak, "worked_examples/spoilt.yaml": spoilt, CODE: "1"}
    )
    repository.write("worked_examples/new.yaml", text("new", "none.py"))
    promoted(repository)
    return {late[:7]: "1a7e000", added[:7]: "addedaa", begun[:7]: "be90000"}


def told(*names: str, width: int = 0) -> str:
    out = Terminal() if width else io.StringIO()
    err = io.StringIO()
    assert status(names, as_json=False, out=out, err=err) is ExitCode.PASS
    assert err.getvalue() == ""
    return out.getvalue()


def test_a_line_for_each_example_in_a_pipe(many: dict[str, str], golden: Golden) -> None:
    golden.check("runbook/status.txt", told(), many)


@pytest.mark.parametrize("width", [60, 100])
def test_a_table_in_a_terminal(
    many: dict[str, str], golden: Golden, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    seen = re.sub(r"\x1b\[[0-9;]*m", "", told(width=width))
    seen = "".join(f"{line.rstrip()}\n" for line in seen.splitlines())
    assert max(map(len, seen.splitlines())) <= width
    golden.check(f"runbook/status-{width}.txt", seen, many)


def test_json_has_every_state_and_where_it_comes_from(repository: Repository) -> None:
    repository.write(".gitignore", ".perfstress/\n")
    repository.commit({RUNBOOK: PAGE, EXAMPLE: TEXT})
    repository.commit({CODE: "1"})
    run_of(repository, "20261120T100000-a", "FAIL")
    out, err = io.StringIO(), io.StringIO()
    status([], as_json=True, out=out, err=err)
    (phase,) = json.loads(out.getvalue())["phases"]
    assert (phase["phase"], phase["path"]) == ("shop", RUNBOOK)
    (example,) = phase["examples"]
    assert example["state"] == "failing"
    assert example["states"] == ["failing", "discovered", "implementation begun", "committed"]
    assert example["path"] == EXAMPLE
    assert example["run"]["path"] == ".perfstress/runs/sound/20261120T100000-a"
    assert example["run"]["verdict"] == "FAIL"
    assert example["provenance"]["state"] == "before"
    assert example["promoted"] is None
    assert "1 example: 1 failing" in err.getvalue()


def test_a_runbook_that_cannot_be_read_hides_no_other(repository: Repository) -> None:
    repository.commit({RUNBOOK: PAGE, "runbooks/bad.md": "# Bad\n"})
    repository.write("runbooks/odd.md", PAGE.replace("phase: shop", "phase: odd\nowner: me"))
    out, err = io.StringIO(), io.StringIO()
    assert status([], as_json=False, out=out, err=err) is ExitCode.USAGE
    assert "shop  sound  missing" in out.getvalue()
    assert "runbooks/bad.md:1:1: does not begin with front matter" in err.getvalue()
    assert "runbooks/odd.md: 1 problem:  perfstress runbook check odd\n" in err.getvalue()
