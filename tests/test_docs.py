"""What the pages say exists: commands, options, exit codes, slugs, files, links, labels."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import typer

from perfstress import cli, runfile
from perfstress.detectors import DETECTORS
from perfstress.errors import ExitCode
from perfstress.example import KINDS_NOT_YET, WORKLOADS_NOT_YET
from perfstress.measurement import METRICS, State
from perfstress.run import Manifest
from perfstress.verdict import Label

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
CLI = (DOCS / "cli.md").read_text()
FORMAT = (DOCS / "format.md").read_text()
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *(ROOT / "runbooks").glob("*.md")])

COMMANDS = typer.main.get_command(cli.app).commands  # type: ignore[attr-defined]


def section(text: str, heading: str) -> str:
    """The text below a heading, up to the next one of its level."""
    level = heading.split(" ")[0]
    _, found, rest = f"\n{text}".partition(f"\n{heading}\n")
    assert found, f"there is no heading {heading!r}"
    return rest.split(f"\n{level} ")[0]


def first_column(text: str) -> list[str]:
    """The cells of the first column of a table, without the head."""
    rows = [line for line in text.splitlines() if line.startswith("|")]
    return [row.split("|")[1].strip() for row in rows[2:]]


def test_every_command_has_a_section_and_no_other() -> None:
    told = re.findall(r"^## perfstress ([a-z]+)$", CLI, re.MULTILINE)
    assert sorted(told) == sorted(COMMANDS)


def parameters(command: Any) -> list[Any]:
    """The parameters of a command, and of those that it consists of."""
    inner = getattr(command, "commands", {}).values()
    return [*command.params, *(one for each in inner for one in each.params)]


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_option_is_told_and_no_other(name: str) -> None:
    shown = {
        flag
        for parameter in parameters(COMMANDS[name])
        if parameter.param_type_name == "option" and not parameter.hidden
        for flag in parameter.opts
        if flag != "--help"
    }
    told = set(
        re.findall(
            r"`(--?[a-z-]+)`",
            " ".join(first_column(section(CLI, f"## perfstress {name}"))),
            re.IGNORECASE,
        )
    )
    assert told == shown


def test_the_exit_codes_are_those_of_the_code() -> None:
    rows = re.findall(r"^\| (\d+) \| ([A-Z]+) \|", section(CLI, "## Exit codes"), re.MULTILINE)
    assert {name: int(code) for code, name in rows} == {code.name: int(code) for code in ExitCode}


def test_the_readme_has_every_command_and_exit_code() -> None:
    readme = (ROOT / "README.md").read_text()
    told = {
        name
        for line in re.findall(r"^\| (`.*?) \|", readme, re.MULTILINE)
        for name in re.findall(r"`(?:perfstress )?([a-z]+)", line)
    }
    assert told == set(COMMANDS)
    codes = section(readme, "## Use").rpartition("Exit codes: ")[2]
    assert {int(code) for code in re.findall(r"\b\d+\b", codes.split(").")[0])} >= set(ExitCode)


def test_every_command_that_a_page_names_exists() -> None:
    unknown = {
        (page.name, name)
        for page in PAGES
        if page.parent.name != "runbooks"  # written before the commands that they speak of
        for name in re.findall(r"`perfstress ([a-z]+)", page.read_text())
        if name not in COMMANDS
    }
    assert not unknown


def test_what_is_not_in_this_version_is_told() -> None:
    told = section(CLI, "## Not in this version")
    for word in (*KINDS_NOT_YET, *WORKLOADS_NOT_YET):
        assert re.search(rf"\b{word}\b", told), word


def links(page: Path) -> Iterator[str]:
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text()):
        if "://" not in target:
            yield target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    assert [target for target in links(page) if not (page.parent / target).exists()] == []


NAMED_PATH = re.compile(r"`((?:perfstress|docs|tests|targets|worked_examples|runbooks)/[\w./-]+)`")


@pytest.mark.parametrize("name", ["contributing.md", "index.md", "cli.md", "format.md"])
def test_every_file_that_a_page_names_exists(name: str) -> None:
    text = (DOCS / name).read_text()
    missing = [
        path
        for path in NAMED_PATH.findall(text)
        if "NAME" not in path
        and not (ROOT / path).exists()
        and not (ROOT / "perfstress" / path).exists()
    ]
    assert missing == []


def test_the_run_directory_is_told_file_by_file() -> None:
    files = {
        value
        for name, value in vars(runfile).items()
        if name.isupper() and isinstance(value, str) and "." in value
    }
    told = section(FORMAT, "# The run directory")
    assert files
    assert [
        name for name in sorted(files) if not re.search(rf"^{re.escape(name)} ", told, re.MULTILINE)
    ] == []


def test_the_keys_of_a_manifest_are_told() -> None:
    told = set(re.findall(r"`(\w+)`", " ".join(first_column(section(FORMAT, "## run.json")))))
    mentioned = set(re.findall(r"`(\w+)`", section(FORMAT, "## run.json")))
    fields = set(Manifest.__dataclass_fields__)
    assert told <= fields
    assert fields <= mentioned


def test_the_states_and_metrics_of_a_sample_are_told() -> None:
    told = section(FORMAT, "## samples.jsonl")
    assert [state for state in get_args(State) if f"| `{state}` |" not in told] == []
    told += (DOCS / "probes.md").read_text()
    assert [name for name in METRICS if f"`{name}" not in told] == []


def test_the_labels_of_findings_are_told() -> None:
    told = first_column(section((DOCS / "index.md").read_text(), "## Labels of a finding"))
    assert set(re.findall(r"[A-Z_]+", " ".join(told))) == set(get_args(Label))


def events_written() -> set[str]:
    """The names of the events that the package writes: the first argument of each ``event(…)``."""
    found = set()
    for path in (ROOT / "perfstress").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            if getattr(node.func, "attr", "") == "event" and node.args:
                argument = node.args[0]
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    found.add(argument.value)
    return found


def test_every_event_is_told() -> None:
    told = set(
        re.findall(r"`([a-z-]+)`", " ".join(first_column(section(FORMAT, "## events.jsonl"))))
    )
    written = events_written()
    assert written
    assert written - told == set()


def test_every_detector_is_told_by_the_method() -> None:
    method = (DOCS / "method.md").read_text().lower()
    assert [name for name in DETECTORS if name.rstrip("s") not in method] == []


def slugs_raised() -> set[str]:
    """The slugs that stand in the package as ``slug="…"``."""
    return {
        str(keyword.value.value)
        for path in (ROOT / "perfstress").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == "slug" and isinstance(keyword.value, ast.Constant) and keyword.value.value
    }


def test_every_slug_has_its_message() -> None:
    told = (DOCS / "messages.md").read_text()
    assert (
        sorted(
            slug for slug in slugs_raised() if f"`{slug}`" not in told and f"## {slug}" not in told
        )
        == []
    )


def test_the_pages_speak_of_what_the_command_line_prints() -> None:
    """Slugs in brackets, as messages show them, are slugs that exist."""
    sources = "\n".join(path.read_text() for path in (ROOT / "perfstress").rglob("*.py"))
    shown = {
        slug
        for page in PAGES
        for slug in re.findall(r"  \[([a-z]+(?:-[a-z]+)+)\]", page.read_text())
    }
    assert [slug for slug in shown if f'"{slug}"' not in sources] == []
