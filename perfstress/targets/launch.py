"""What to start and how: an example's command with its values, folder and environment put in."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perfstress.errors import TargetError
from perfstress.example import WorkedExample
from perfstress.protocols import Surroundings
from perfstress.substitute import substitute


@dataclass(frozen=True, slots=True)
class Built:
    """A built environment, ready for use.

    ``python`` is the interpreter that ``python`` as the first word of a command stands for.
    ``path`` are folders put before PATH, ``env`` further variables, ``cwd`` where the build's own
    copy of the sources lies (None: run in the place). ``seconds`` is None when it came out of the
    cache.
    """

    python: str = sys.executable
    path: tuple[Path, ...] = ()
    env: Mapping[str, str] | None = None
    cwd: Path | None = None
    key: str = ""
    seconds: float | None = None

    def facts(self) -> dict[str, Any]:
        """For the record: nothing when there was nothing to build."""
        if not self.key:
            return {}
        return {"build": self.key, "build_s": self.seconds and round(self.seconds, 1)}


@dataclass(frozen=True, slots=True)
class Launch:
    """A command line ready to be executed."""

    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str]


def launch(
    example: WorkedExample,
    around: Surroundings,
    built: Built,
    values: Mapping[str, str],
    command: Sequence[str] | None = None,
) -> Launch:
    """The target's command (or another one in its place) with everything put in.

    The environment is perfstress's own, then what the build needs, then the example's ``env``.
    Python is told not to buffer its output, unless somebody has decided otherwise: of a process
    that is killed, the last lines are the ones that matter.
    """
    words = list(command if command is not None else example.target.command or ())
    argv = [substitute(word, values, folder=around.folder) for word in words]
    if argv and argv[0] == "python":
        argv[0] = built.python
    env = environment(built)
    for name, text in example.target.env.items():
        env[name] = substitute(text, values, folder=around.folder)
    env.setdefault("PYTHONUNBUFFERED", "1")
    return Launch(tuple(argv), built.cwd or folder_of(example, around), env)


def environment(built: Built) -> dict[str, str]:
    """perfstress's own environment with a built one before it."""
    env = dict(os.environ)
    env.update(built.env or {})
    if built.path:
        folders = [str(folder) for folder in built.path]
        env["PATH"] = os.pathsep.join([*folders, env.get("PATH", os.defpath)])
    return env


def folder_of(example: WorkedExample, around: Surroundings) -> Path:
    """The target's ``cwd``, which starts at the project's root; raises TargetError without it."""
    folder = around.root / (example.target.cwd or ".")
    if not folder.is_dir():
        raise TargetError(
            f"target.cwd: there is no folder {folder}",
            hint=f"the path starts at the project's root, {around.root}",
            slug="missing-cwd",
        )
    return folder
