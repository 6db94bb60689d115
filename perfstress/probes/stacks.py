"""Where the threads of a target stand at this moment: Python by py-spy, a JVM by jcmd."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perfstress.procfs import command_of

WITHIN_S = 10.0
PROCESSES = 8  # more than these tell nothing new
GROUPS_TOLD = 10

# Code that a target stands on, in place of its own.
_FOREIGN = re.compile(r"/lib(?:64)?/python3|site-packages|dist-packages|^<frozen|python_host/")
_FOREIGN_JAVA = ("java.", "javax.", "jdk.", "sun.", "com.sun.")
_JAVA_FRAME = re.compile(r"^\s+at (?P<name>[\w.$<>/@-]+)\((?P<place>[^)]*)\)")


@dataclass(frozen=True, slots=True)
class Frame:
    """One call on a stack: its function, the file with the line, and whether it is the target's."""

    name: str
    place: str
    own: bool

    def __str__(self) -> str:
        """``acquire (pool.py:31)``."""
        return f"{self.name} ({self.place})"


def stacks(pids: Sequence[int]) -> Mapping[str, Any]:
    """How many threads of these processes stand where: ``threads`` in all, and ``groups``, each
    with ``in`` (the innermost call), ``called_from`` (the nearest one in the target's own code,
    empty where that is the same) and ``count``. ``problem`` says why a process could not be asked.
    Empty for processes that nobody here can ask.
    """
    groups: Counter[tuple[str, str]] = Counter()
    problem = ""
    asked = 0
    for pid in pids[:PROCESSES]:
        command = command_of(pid)
        kind = next((kind for kind in _ASKING if command.startswith(kind)), None)
        if kind is None:
            continue
        asked += 1
        try:
            for frames in _ASKING[kind](pid):
                groups[_place(frames)] += 1
        except _Unasked as error:
            problem = str(error)
    if not asked:
        return {}
    told = [
        {"in": inside, "called_from": own, "count": count}
        for (inside, own), count in groups.most_common(GROUPS_TOLD)
    ]
    facts: dict[str, Any] = {"threads": sum(groups.values()), "groups": told}
    return {**facts, "problem": problem} if problem else facts


class _Unasked(Exception):
    """A process that did not tell where its threads stand."""


def _place(frames: Sequence[Frame]) -> tuple[str, str]:
    """The innermost call and the nearest one of the target itself."""
    inside = str(frames[0])
    own = next((str(frame) for frame in frames if frame.own), "")
    return inside, "" if own == inside else own


def _answer(words: Sequence[str]) -> str:
    try:
        done = subprocess.run(
            words, capture_output=True, text=True, errors="replace", timeout=WITHIN_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _Unasked(f"{Path(words[0]).name}: {type(error).__name__}") from error
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines() or [f"code {done.returncode}"]
        raise _Unasked(f"{Path(words[0]).name}: {lines[0]}")
    return done.stdout


def _python(pid: int) -> Iterator[list[Frame]]:
    tool = py_spy()
    if tool is None:
        raise _Unasked("py-spy is not installed: pip install 'perfstress[profile]'")
    told = json.loads(_answer([tool, "dump", "--json", "--nonblocking", "--pid", str(pid)]))
    for thread in told:
        frames = [
            Frame(
                str(one["name"]),
                f"{os.path.basename(one['short_filename'] or one['filename'])}:{one['line']}",
                not _FOREIGN.search(one["filename"]),
            )
            for one in thread["frames"]
        ]
        if frames and thread.get("thread_name") not in ("perfstress-clerk",):
            yield frames


def py_spy() -> str | None:
    """The program, also where the environment's programs are not on the path."""
    if found := shutil.which("py-spy"):
        return found
    try:
        files = importlib.metadata.distribution("py-spy").files or ()
    except importlib.metadata.PackageNotFoundError:
        return None
    return next((str(file.locate()) for file in files if file.name == "py-spy"), None)


def _java(pid: int) -> Iterator[list[Frame]]:
    tool = shutil.which("jcmd")
    if tool is None:
        raise _Unasked("jcmd is not installed: it comes with a JDK")
    for thread in _answer([tool, str(pid), "Thread.print"]).split("\n\n"):
        frames = []
        for line in thread.splitlines():
            if match := _JAVA_FRAME.match(line):
                name = match["name"]
                own = not name.rpartition("/")[2].startswith(_FOREIGN_JAVA)
                short = ".".join(name.split(".")[-2:])
                frames.append(Frame(short, match["place"].rpartition("/")[2], own))
        if any(frame.own for frame in frames):  # the JVM's own threads are no news
            yield frames


_ASKING = {"python": _python, "java": _java}
