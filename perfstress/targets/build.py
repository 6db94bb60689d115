"""Building a target's environment: once for each state of its folder, kept for the next run."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from perfstress import ownfolder
from perfstress.clock import now_ns
from perfstress.errors import TargetError
from perfstress.example import Build, WorkedExample
from perfstress.protocols import Surroundings
from perfstress.substitute import redact, substitute
from perfstress.targets.guarded import Guarded
from perfstress.targets.launch import Built, environment, folder_of
from perfstress.targets.readiness import quoted, tail
from perfstress.units import NS_PER_S, format_duration

# History of the layout. 1: the first.
LAYOUT = 1
DONE = "built.json"  # written last: without it the folder is a broken build
KEPT = 12  # builds kept for later runs, the most recently used
KEPT_AT_LEAST_S = 86_400.0
LINES_TOLD = 20
_NOT_SOURCES = {".git", str(ownfolder.OWN), "__pycache__", "node_modules", ".venv"}


def build(example: WorkedExample, around: Surroundings) -> Built:
    """The environment that ``target.build`` asks for, built or out of the cache.

    Two runs that want the same one at the same time wait for each other. Raises TargetError with
    the last lines of the build's output when it fails; nothing of a failed build is used again.
    """
    spec = example.target.build
    if spec is None:
        return Built()
    source = folder_of(example, around)
    words = tuple(substitute(word, {}, folder=around.folder) for word in spec.run)
    key = _key(spec, words, source)
    builds = around.cache / "builds"
    builds.mkdir(parents=True, exist_ok=True)
    folder = builds / key
    with _alone(builds / f"{key}.lock", spec):
        seconds = None
        if not (folder / DONE).exists():
            began_ns = now_ns()
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            try:
                _make(spec, words, source, folder)
            except BaseException:
                for part in ("venv", "source"):  # the log stays, to be read
                    shutil.rmtree(folder / part, ignore_errors=True)
                raise
            seconds = (now_ns() - began_ns) / NS_PER_S
            _mark_done(folder, spec, seconds)
        os.utime(folder / DONE)
    _prune(builds, keep=key)
    return _built(spec, folder, key, seconds)


def _built(spec: Build, folder: Path, key: str, seconds: float | None) -> Built:
    if spec.into == "venv":
        venv = folder / "venv"
        return Built(
            python=str(venv / "bin" / "python"),
            path=(venv / "bin",),
            env={"VIRTUAL_ENV": str(venv)},
            key=key,
            seconds=seconds,
        )
    source = folder / "source"
    path = (source / "node_modules" / ".bin",) if spec.into == "node_modules" else ()
    return Built(path=path, cwd=source, key=key, seconds=seconds)


def _make(spec: Build, words: Sequence[str], source: Path, folder: Path) -> None:
    """Run the build. A virtual environment is made in its final place, since its scripts carry the
    path that they were made with; what has no ``DONE`` is never used.
    """
    log = folder / "build.log"
    guarded = Guarded(log)
    try:
        deadline_ns = now_ns() + spec.within
        built = _built(spec, folder, "", None)
        env = environment(built)
        env.update(PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_NO_INPUT="1", NPM_CONFIG_FUND="false")
        cwd = source
        if spec.into == "venv":
            env.pop("PYTHONHOME", None)
            venv = [sys.executable, "-m", "venv", str(folder / "venv")]
            _run(guarded, venv, folder, env, deadline_ns, spec, log)
        else:
            cwd = folder / "source"
            _copy(source, cwd)
        argv = [built.python if words[0] == "python" else words[0], *words[1:]]
        _run(guarded, argv, cwd, env, deadline_ns, spec, log)
    finally:
        guarded.close()


def _run(
    guarded: Guarded,
    argv: Sequence[str],
    cwd: Path,
    env: dict[str, str],
    deadline_ns: int,
    spec: Build,
    log: Path,
) -> None:
    shown = redact(" ".join(argv))
    guarded.start("build", argv, cwd=cwd, env=env)
    while not (ended := guarded.poll(0.5)):
        if now_ns() > deadline_ns:
            guarded.stop("build", signal.SIGKILL, 0.0)
            raise TargetError(
                f"the build took longer than {format_duration(spec.within)}: {shown}"
                f"{quoted(tail(log, LINES_TOLD))}",
                hint="raise target.build.within, or see what it waits for",
                slug="build-too-slow",
            )
    guarded.stop("build", signal.SIGKILL, 0.0)  # what it left running is not part of the target
    if ended[0].code != 0:
        raise TargetError(
            f"the build {ended[0]}: {shown}{quoted(tail(log, LINES_TOLD))}",
            hint=f"the whole output is in {log}",
            slug="build-failed",
        )


def _mark_done(folder: Path, spec: Build, seconds: float) -> None:
    facts = {"layout": LAYOUT, "spec": spec.model_dump(), "seconds": round(seconds, 3)}
    temporary = folder / f".{DONE}.tmp"
    temporary.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    os.replace(temporary, folder / DONE)


# ---------------------------------------------------------------- the key
def _key(spec: Build, words: Sequence[str], source: Path) -> str:
    """What the built environment depends on, as far as can be known: the command with what the
    environment puts into it, the Python, the machine, and every file of the folder that git does
    not ignore.
    """
    digest = hashlib.sha256()
    asked = [*words, spec.into]
    facts = [LAYOUT, asked, sys.version, sys.executable, platform.machine(), str(source)]
    digest.update(json.dumps(facts).encode())
    for name in sorted(_sources(source)):
        file = source / name
        digest.update(b"\0" + os.fsencode(name) + b"\0")
        if file.is_symlink():
            digest.update(os.fsencode(os.readlink(file)))
        elif file.is_file():
            digest.update(b"x" if os.access(file, os.X_OK) else b"-")
            with file.open("rb") as opened:
                digest.update(hashlib.file_digest(opened, "sha256").digest())
    return digest.hexdigest()[:32]


def _sources(folder: Path) -> list[str]:
    """The files of a folder, relative: those that git tracks or would, or all outside git."""
    with contextlib.suppress(OSError):
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", "."],
            cwd=folder,
            capture_output=True,
            check=False,
            env={key: value for key, value in os.environ.items() if not key.startswith("GIT_")},
        )
        if listed.returncode == 0:
            names = {os.fsdecode(name) for name in listed.stdout.split(b"\0") if name}
            return [name for name in names if os.path.lexists(folder / name)]
    found = []
    for at, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in _NOT_SOURCES]
        found += [os.path.relpath(os.path.join(at, name), folder) for name in files]
    return found


def _copy(source: Path, to: Path) -> None:
    for name in _sources(source):
        target = to / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source / name, target, follow_symlinks=False)


# ---------------------------------------------------------------- one at a time
@contextlib.contextmanager
def _alone(lock: Path, spec: Build) -> Iterator[None]:
    """Nobody else builds the same meanwhile. The kernel frees the lock of a process that dies."""
    deadline_ns = now_ns() + 2 * spec.within
    with lock.open("ab") as file:
        while not _locked(file.fileno()):
            if now_ns() > deadline_ns:
                raise TargetError(
                    f"another run has been building the same environment for longer than "
                    f"{format_duration(2 * spec.within)}",
                    hint=f"end that run, or remove {lock}",
                    slug="build-locked",
                )
            time.sleep(0.05)
        yield


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _prune(builds: Path, keep: str) -> None:
    """Let go of builds that nobody has used for a day, beyond the most recent ones."""
    used = []
    for folder in builds.iterdir():
        with contextlib.suppress(OSError):
            if folder.is_dir() and folder.name != keep:
                used.append(((folder / DONE).stat().st_mtime, folder))
    youngest = max((mtime for mtime, _ in used), default=0.0)
    for mtime, folder in sorted(used, reverse=True)[KEPT:]:
        if youngest - mtime > KEPT_AT_LEAST_S:
            shutil.rmtree(folder, ignore_errors=True)
