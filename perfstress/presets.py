"""Sets the counters of a worked example near their edges, before any load is sent."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping

from perfstress.control import guard, post_json
from perfstress.doorways import doorway_of
from perfstress.errors import TargetError
from perfstress.example import Counter, WorkedExample
from perfstress.protocols import Surroundings
from perfstress.substitute import redact, substitute
from perfstress.targets.launch import Built, launch

WITHIN_S = 120.0
LINES_TOLD = 5


def applied(example: WorkedExample) -> WorkedExample:
    """The example with what its counters hand to the hosted function's setup and to the
    environment: both are settled before the target starts.
    """
    setup: dict[str, int] = {}
    env: dict[str, str] = {}
    for counter in example.counters:
        if counter.preset is not None:
            setup |= counter.preset.setup or {}
            env |= counter.preset.env or {}
    workload, target = example.workload, example.target
    if setup and workload.calls is not None:
        size = {**workload.calls.size, **setup}
        calls = workload.calls.model_copy(update={"size": size})
        workload = workload.model_copy(update={"calls": calls})
    if env:
        target = target.model_copy(update={"env": {**target.env, **env}})
    return example.model_copy(update={"workload": workload, "target": target})


def carry_out(example: WorkedExample, values: Mapping[str, str], around: Surroundings) -> list[str]:
    """Run the commands and send the requests that set counters; gives back the counters' names.

    The target is ready. Raises TargetError when a command or a request fails: a counter that was
    not set would make a run that never comes to its edge.
    """
    done = []
    for counter in example.counters:
        preset = counter.preset
        if preset is None:
            continue
        if preset.run is not None:
            _run(example, counter, preset.run, values, around)
            done.append(counter.name)
        elif preset.post is not None:
            _post(example, counter, preset.post, values, around)
            done.append(counter.name)
    return done


def _run(
    example: WorkedExample,
    counter: Counter,
    words: list[str],
    values: Mapping[str, str],
    around: Surroundings,
) -> None:
    built = Built(python=values["python"]) if "python" in values else Built()
    what = launch(example, around, built, values, words)
    try:
        ended = subprocess.run(
            what.argv,
            cwd=what.cwd,
            env=dict(what.env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=WITHIN_S,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        why = (
            f"did not end within {WITHIN_S:g} s"
            if isinstance(error, subprocess.TimeoutExpired)
            else f"cannot be run: {error.strerror}"
        )
        raise _failed(counter, f"{redact(what.argv[0])} {why}") from error
    if ended.returncode:
        lines = (ended.stderr or ended.stdout).strip().splitlines()[-LINES_TOLD:]
        said = "".join(f"\n  | {redact(line)}" for line in lines)
        raise _failed(counter, f"{redact(what.argv[0])} ended with {ended.returncode}{said}")


def _post(
    example: WorkedExample,
    counter: Counter,
    path: str,
    values: Mapping[str, str],
    around: Surroundings,
) -> None:
    http = example.workload.http
    base = "" if "://" in path or http is None else http.base_url.rstrip("/")
    url = substitute(base + path, values, folder=around.folder)
    doorway = doorway_of(http if base else None, values, around.folder)
    if doorway.unix is None:
        guard(url, example.allow_hosts)
    body = counter.preset.json_ if counter.preset is not None else None
    answer = post_json(url, body, WITHIN_S, doorway)
    if not answer.is_success:
        raise _failed(counter, f"{redact(url)} answers with status {answer.status}, expected 2xx")


def _failed(counter: Counter, why: str) -> TargetError:
    return TargetError(
        f"counters: {counter.name} could not be set near its edge: {why}",
        hint="try the preset by hand; without it the run would not come to the edge",
        slug="preset-failed",
    )
