"""perfstress on itself: asks for the history of one entry among thousands of kept replays.

The first time it is run it makes a run directory of each line of the input, has the store built of
them a thousand at a time, and clears them away, as a project does that keeps its history longer
than its runs. What the history says is checked against what went in: all replays are there, and the
entry became slower where it did.

usage: years.py INPUT FOLDER
"""

from __future__ import annotations

import datetime
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

AT_ONCE = 1000
ASKED = "entry-35"  # one of those that became slower
REQUESTS = 1000


def main(source: Path, folder: Path) -> None:
    """Build the store where there is none yet, then ask."""
    project = folder / "project"
    if not (project / "built").exists():
        build(source, project)
        (project / "built").touch()
    history = json.loads(perfstress(project, "history", ASKED, "--json"))
    check(history, [line for line in lines(source) if line["name"] == ASKED])


def perfstress(project: Path, *words: str) -> str:
    """What the command prints, in the made-up project."""
    command = [sys.executable, "-m", "perfstress", *words]
    return subprocess.run(command, cwd=project, check=True, stdout=subprocess.PIPE).stdout.decode()


def lines(source: Path) -> Iterator[dict[str, Any]]:
    """The replays of the input."""
    with source.open(encoding="utf-8") as file:
        yield from map(json.loads, file)


# ---------------------------------------------------------------- the answer
def check(history: dict[str, Any], asked: list[dict[str, Any]]) -> None:
    """End with an error where the history is not that of the input."""
    if len(history["replays"]) != len(asked):
        sys.exit(f"{len(history['replays'])} replays are told, {len(asked)} went in")
    told = {metric["metric"]: metric for metric in history["metrics"]}
    if told["response.p50"]["last"] != asked[-1]["p50"]:
        sys.exit(f"the last median is {asked[-1]['p50']} ms: {told['response.p50']['last']}")
    (change,) = told["response.p50"]["changes"]
    place = [line["commit"] for line in asked].index(change["commit"])
    if abs(place - len(asked) * 3 // 5) > 1 or not 0.13 < change["effect"] < 0.17:
        sys.exit(f"it became slower by 15 % at {len(asked) * 3 // 5}, not so: {change}")


# ---------------------------------------------------------------- the runs
def build(source: Path, project: Path) -> None:
    """Have the replays of the input in the store of a project."""
    shutil.rmtree(project, ignore_errors=True)
    project.mkdir(parents=True)
    subprocess.run(["git", "init", "-q", str(project)], check=True)  # a project of its own
    replays = lines(source)
    while batch := list(islice(replays, AT_ONCE)):
        for line in batch:
            make_run(project, line)
        perfstress(project, "history", "--rebuild")
        shutil.rmtree(project / ".perfstress" / "runs")


def make_run(project: Path, line: dict[str, Any]) -> None:
    """A run directory as a replay leaves it, reduced to a few readings."""
    from perfstress.measurement import Sample
    from perfstress.plan import Epoch
    from perfstress.run import SCHEMA_VERSION, Manifest
    from perfstress.runfile import Writer, write_result
    from perfstress.verdict import LoadSummary, Outcome, Verdict

    at = datetime.datetime.fromtimestamp(line["at_s"], datetime.UTC)
    stamp = f"{at:%Y%m%dT%H%M%SZ}-{line['commit'][:7]}"
    folder = project / ".perfstress" / "runs" / line["name"] / stamp
    epoch = Epoch(
        index=0, stage="work", kind="work", model="closed", start_level=1.0, end_level=1.0,
        duration_ns=None, ops=REQUESTS, arrivals="uniform", mix={"call": 1.0}, seed=1, floor=False,
        max_in_flight=1, timeout_ns=10**10,
    )  # fmt: skip
    manifest = Manifest(
        schema_version=SCHEMA_VERSION,
        example=line["name"],
        example_path=str(project / "regressions" / line["name"] / "example.yaml"),
        kind="load",
        zero=at.isoformat(timespec="milliseconds"),
        state="complete",
        epochs=(epoch,),
        journeys=("call",),
        limits={},
        environment={"hash": "0123456789ab", "cores": 2},
        git={"commit": line["commit"], "short": line["commit"][:7], "dirty": False},
    )
    writer = Writer(folder, manifest, document(line["name"]), "made up\n")
    for second in range(3):
        ops = second * REQUESTS // 2
        values = {"memory": float(line["memory"]), "cpu_s": ops * line["cpu_ms"] / 1000}
        writer.sample(Sample(float(second), 0, "load", ops, {"call": ops}, values))
    writer.close()
    response = {"p50": line["p50"], "p90": line["p90"], "p99": line["p99"]}
    load = LoadSummary(
        requests=REQUESTS,
        ok=REQUESTS,
        operations=REQUESTS,
        achieved_rate=line["rate"],
        response_ms={**response, "p99_9": line["p99"], "max": line["p99"]},
    )
    write_result(folder, Verdict(Outcome.PASS, line["name"], str(folder), load=load).as_json())


def document(name: str) -> dict[str, Any]:
    """The example of a made-up entry."""
    return {
        "perfstress": 1,
        "name": name,
        "title": "A made-up entry",
        "kind": "load",
        "production": {"rate": "500/s", "concurrency": 1, "horizon": "1d", "source": "made up"},
        "implementation": {"paths": ["made/**"]},
        "target": {"python": {"call": "made.up:function"}},
        "workload": {"calls": {}},
        "shape": {
            "model": "closed",
            "seed": 1,
            "stages": [{"name": "work", "users": 1, "ops": REQUESTS}],
        },
        "success": ["errors.count == 0"],
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
