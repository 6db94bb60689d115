"""Pipes, devices and sockets where a file belongs: refused at once, at every door."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from perfstress import arrivals, loading, mending, phases, rows, rules, substitute, traces
from perfstress.engine.tcp import payload
from perfstress.engine.uploads import file_piece
from perfstress.errors import UsageError
from perfstress.probes.log import Log
from perfstress.regularfile import (
    NotRegularError,
    kind_of,
    open_regular,
    open_text,
    read_bytes,
    read_text,
)
from perfstress.rules import remembered
from perfstress.traces.trace import Settings
from tests.support.project import Project

# Each of these would wait for ever for somebody who writes; the suite's own limit ends it then.
pytestmark = pytest.mark.timeout(30)


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    """A pipe that nobody writes to."""
    made = tmp_path / "pipe.yaml"
    os.mkfifo(made)
    return made


def test_a_file_is_read_as_ever(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"\xef\xbb\xbfone\r\ntwo\n")
    assert read_bytes(file) == file.read_bytes()
    assert read_text(file, "utf-8-sig") == "one\ntwo\n"
    with open_text(file, encoding="utf-8-sig", newline="") as text:
        assert text.read() == "one\r\ntwo\n"
    link = tmp_path / "link"
    link.symlink_to(file)
    with open_regular(link) as opened:
        assert os.get_inheritable(opened.fileno()) is False
    assert kind_of(link) == kind_of(tmp_path / "nothing") == ""
    with pytest.raises(FileNotFoundError):
        read_bytes(tmp_path / "nothing")


def test_what_is_no_file_is_told_by_what_it_is(pipe: Path, tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        read_bytes(tmp_path)
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(tmp_path / "s"))
        found = {kind_of(path) for path in (pipe, tmp_path / "s", Path("/dev/zero"), tmp_path)}
        assert found == {"a pipe", "a socket", "a device", "a folder"}
        for path, kind in ((pipe, "pipe"), (tmp_path / "s", "socket"), ("/dev/zero", "device")):
            with pytest.raises(NotRegularError) as caught:
                read_bytes(Path(path))
            assert caught.value.strerror == f"it is a {kind}, not a file"


def test_a_pipe_that_comes_between_the_look_and_the_opening_is_let_go_of(
    pipe: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same as when somebody puts it there just then: the first look saw a file."""
    file = os.stat(__file__)
    monkeypatch.setattr(os, "stat", lambda path, **how: file)
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(NotRegularError):
        open_regular(pipe)
    assert len(os.listdir("/proc/self/fd")) == before
    assert stat.S_ISREG(file.st_mode)


def _refused(error: type[Exception], call: Callable[[], Any]) -> str:
    with pytest.raises(error) as caught:
        call()
    return str(caught.value)


def test_every_door_refuses_a_pipe(pipe: Path) -> None:
    doors: list[tuple[type[Exception], Callable[[], Any]]] = [
        (rows.RowsError, lambda: rows.read_rows(pipe)),
        (rows.RowsError, lambda: rows.read_rows(pipe.with_suffix(".csv"))),
        (rows.RowsError, lambda: remembered.checksum(pipe)),
        (arrivals.ArrivalsError, lambda: arrivals.read(pipe)),
        (UsageError, lambda: file_piece(str(pipe))),
        (UsageError, lambda: payload({"hex": None, "file": str(pipe)}, {})),
        (UsageError, lambda: substitute.substitute(f"${{file:{pipe}}}", {})),
        (UsageError, lambda: list(traces.read(pipe, Settings()))),
    ]
    os.mkfifo(pipe.with_suffix(".csv"))
    told = [_refused(error, call) for error, call in doors]
    assert [one for one in told if "is a pipe, not a file" not in one] == []


def test_an_example_a_runbook_and_a_log_are_none_when_they_are_pipes(pipe: Path) -> None:
    loaded, [problem] = loading.check(pipe)
    assert loaded is None
    assert (problem.slug, problem.message) == ("not-a-file", "this is a pipe, not a file")
    assert mending.mend(pipe) == []
    runbook, [problem] = phases.check(pipe)
    assert runbook is None
    assert "it is a pipe" in problem.message
    log = Log("pipe", pipe, "ERROR")
    reading = log.read((), dear=True)
    log.close()
    assert reading.values["log:pipe"] is None
    assert "it is a pipe, not a file" in reading.problem


@pytest.fixture
def example(pipe: Path, tmp_path: Path) -> Project:
    """An example whose data, arrivals and body are a pipe."""
    project = Project(tmp_path)
    http = project.document["workload"]["http"]
    http["data"] = {"carts": {"file": pipe.name, "sha256": "0" * 64}}
    http["journeys"]["look"]["steps"].append({"post": "/", "body": {"file": pipe.name}})
    project.document["shape"]["stages"] = [
        {"name": "all", "arrivals": {"file": pipe.name, "sha256": "0" * 64}}
    ]
    project.file.write_text(yaml.safe_dump(project.document))
    return project


def test_lint_says_of_each_place_that_it_leads_to_a_pipe(example: Project) -> None:
    problems = rules.check(loading.load(example.file), example.root)
    told = [problem.message for problem in problems if problem.slug == "no-file"]
    assert len([one for one in told if "'pipe.yaml'" in one and "is a pipe" in one]) == 3
    shown = subprocess.run(
        [sys.executable, "-m", "perfstress", "lint", "--fix", str(example.file)],
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert shown.returncode == 2
    assert shown.stdout.count("is a pipe, not a file") == 3
