"""The input of a batch: a committed file, or the output of a command, checked by its sum."""

from __future__ import annotations

import hashlib
import os
import signal
from pathlib import Path

from perfstress.errors import TargetError
from perfstress.example import Input
from perfstress.protocols import Surroundings
from perfstress.substitute import redact, substitute
from perfstress.targets.guarded import Guarded
from perfstress.targets.launch import Built, environment
from perfstress.targets.readiness import quoted, tail
from perfstress.units import NS_PER_S, format_duration

GENERATE_WITHIN_NS = 3_600 * NS_PER_S
LINES_TOLD = 10


def input_file(spec: Input, around: Surroundings, built: Built) -> Path:
    """The input on disk, its checksum verified; raises TargetError when it is not what it should.

    What a command prints is kept in the cache by its content, and never half written: an input that
    is there is whole.
    """
    if spec.file is not None:
        file = around.folder / spec.file
        if not file.is_file():
            raise TargetError(
                f"workload.runs.input.file: there is no file {file}",
                hint=f"the path starts at the example's folder, {around.folder}",
                slug="missing-input",
            )
        _verify(file, spec.sha256, f"workload.runs.input.file: {file}")
        return file
    assert spec.generate is not None
    folder = around.cache / "inputs"
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / spec.sha256
    if kept.is_file() and _sha256(kept) == spec.sha256:
        return kept
    return _generate(spec.generate, spec.sha256, kept, around, built)


def _generate(
    command: list[str], sha256: str, kept: Path, around: Surroundings, built: Built
) -> Path:
    values = {"run": str(around.scratch), "python": built.python, **around.services}
    argv = [substitute(word, values, folder=around.folder) for word in command]
    shown = redact(" ".join(argv))
    if argv[0] == "python":
        argv[0] = built.python
    log = around.run / "generate.log"
    log.touch()
    temporary = kept.with_name(f".{kept.name}.{os.getpid()}.tmp")
    temporary.unlink(missing_ok=True)
    guarded = Guarded(log)
    try:
        guarded.start("generate", argv, cwd=around.folder, env=environment(built), stdout=temporary)
        ended = guarded.poll(GENERATE_WITHIN_NS / NS_PER_S)
        guarded.stop("generate", signal.SIGKILL, 0.0)
        if not ended:
            raise TargetError(
                f"workload.runs.input.generate: still not done after "
                f"{format_duration(GENERATE_WITHIN_NS)}: {shown}",
                hint="generate a smaller input, or commit it as a file",
                slug="input-failed",
            )
        if ended[0].code != 0:
            raise TargetError(
                f"workload.runs.input.generate: {shown} {ended[0]}{quoted(tail(log, LINES_TOLD))}",
                hint=f"run it by hand in {around.folder}",
                slug="input-failed",
            )
        _verify(temporary, sha256, f"workload.runs.input.generate: what {shown} prints")
        os.replace(temporary, kept)
    finally:
        guarded.close()
        temporary.unlink(missing_ok=True)
    return kept


def _verify(file: Path, expected: str, what: str) -> None:
    seen = _sha256(file)
    if seen != expected:
        raise TargetError(
            f"{what} has the checksum {seen} ({file.stat().st_size:,} bytes), expected {expected}",
            hint="if the change is meant, write the new checksum into the example's sha256",
            slug="input-checksum",
        )


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
