"""What is tried: small examples, each with defects that it has to find and a twin without them."""

from __future__ import annotations

import copy
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perfstress.selftest.servers import Server

SHOP = Path(__file__).with_name("shop.py")
WORKS = Path(__file__).with_name("works.py")
Document = Mapping[str, Any]

COUNTED = Path(__file__).with_name("counted.py")
# The class that this machine alone cannot show: somebody has to count what is asked of him.
AMPLIFIED = "work-amplification"


@dataclass(frozen=True, slots=True)
class Case:
    """One example: ``defects`` switches on what is wrong and names what has to be found for it.

    The twin is the same example with nothing switched on: nothing may be found there. ``timed``
    says that it is judged by times, which many others beside it would spoil. ``options`` go to
    ``discover``.
    """

    name: str
    document: Document
    defects: Mapping[str, tuple[str, ...]]
    timed: bool = False
    options: tuple[str, ...] = ("--no-confirm",)

    @property
    def classes(self) -> tuple[str, ...]:
        """The finding classes that this example can show."""
        return tuple(dict.fromkeys(one for found in self.defects.values() for one in found))

    def example(self, defect: str) -> dict[str, Any]:
        """The example with a defect switched on, or with none."""
        document = copy.deepcopy(dict(self.document))
        target = document["target"]
        if "command" in target:
            words = target["command"]
            target["command"] = [word.replace("DEFECT", defect or "none") for word in words]
        else:
            target["env"] = {**target.get("env", {}), "DEFECT": defect or "none"}
        return document


def _example(name: str, kind: str, hunts: tuple[str, ...], **parts: Any) -> Document:
    return {
        "perfstress": 1,
        "name": name,
        "title": "A planted defect of known size",
        "kind": kind,
        "hunts": list(hunts),
        "production": {
            "rate": "50/s",
            "concurrency": 1,
            "horizon": "1h",
            "source": "the self-test",
        },
        "implementation": {"paths": ["none/**"]},
        **parts,
    }


def _served(**more: Any) -> dict[str, Any]:
    return {
        "command": [sys.executable, str(SHOP), "{port}", "DEFECT"],
        "ready": {"get": "/stats", "within": "20s"},
        "limits": {
            "memory": "512MiB",
            "open_files": 900,
            "threads": 60,
            "processes": 60,
            "connections": 800,
            "disk": "64MiB",
        },
        "stop": {"signal": "KILL", "within": "2s"},
        **more,
    }


def _over_http(*paths: str) -> dict[str, Any]:
    steps = [{"get": path, "expect": {"status": 200}} for path in paths]
    return {
        "http": {
            "base_url": "http://127.0.0.1:{port}",
            "journeys": {"order": {"steps": steps}},
        }
    }


def _open(rate: str, lasts: str, **more: Any) -> dict[str, Any]:
    return {
        "model": "open",
        "arrivals": "uniform",
        "seed": 1,
        "stages": [{"name": "ordinary", "rate": rate, "for": lasts}],
        "max_in_flight": 2000,
        "timeout": "2s",
        **more,
    }


def _in_epochs(epochs: int, warm_up: int, ops: int) -> dict[str, Any]:
    return {
        "model": "closed",
        "seed": 1,
        "epochs": epochs,
        "stages": [
            {"name": "warm-up", "users": 1, "ops": warm_up, "warmup": True},
            {"name": "work", "users": 1, "ops": ops},
        ],
    }


_GROWTHS = (
    "memory-growth",
    "fd-growth",
    "thread-growth",
    "process-growth",
    "connection-growth",
    "disk-growth",
    "gauge-growth",
    "series-growth",
)
SOAK = Case(
    "soak",
    _example(
        "soak",
        "soak",
        _GROWTHS,
        target=_served(
            disk=["kept.log"], probes=[{"prometheus": "http://127.0.0.1:{port}/metrics"}]
        ),
        workload=_over_http("/"),
        shape=_in_epochs(6, 60, 420),
        success=["errors.count == 0"],
    ),
    {"memory,fds,threads,processes,connections,disk,gauge,series": _GROWTHS},
)
DRIFT = Case(
    "drift",
    _example(
        "drift",
        "soak",
        ("latency-drift",),
        target=_served(),
        workload=_over_http("/price"),
        shape=_in_epochs(6, 60, 900),
        success=["errors.count == 0"],
    ),
    {"drift": ("latency-drift",)},
    timed=True,
)
LOAD = Case(
    "load",
    _example(
        "load",
        "load",
        (),
        target=_served(),
        workload=_over_http("/"),
        shape=_open("50/s", "5s"),
        success=[
            "errors.rate < 1%",
            "response.p99 < 200ms",
            "fds.max < 60",
            {"invariant": {"get": "/stats", "that": "orders == ok.order"}},
        ],
    ),
    {
        "errors,slow,many,lost": (
            "error-objective",
            "latency-objective",
            "objective",
            "invariant",
        ),
        "crash": ("crash",),
        "hang": ("hang",),
    },
    timed=True,
)
STALL = Case(
    "stall",
    _example(
        "stall",
        "load",
        ("no-recovery",),
        target=_served(),
        workload=_over_http("/"),
        faults=[{"name": "stall", "at": "4s", "signal": "STOP", "for": "1s"}],
        shape=_open("50/s", "9s"),
        success=["recovery < 2s after stall"],
    ),
    {"scar": ("no-recovery",)},
    timed=True,
)
CLIMB = Case(
    "climb",
    _example(
        "climb",
        "stress",
        ("knee", "throughput-collapse"),
        target=_served(),
        workload=_over_http("/"),
        shape=_open(
            "50/s",
            "4s",
            stages=[
                {"name": "ordinary", "rate": "50/s", "for": "4s"},
                {
                    "name": "climb",
                    "climb": {"from": "60/s", "to": "300/s", "factor": 1.5, "each": "3s"},
                },
                {"name": "afterwards", "rate": "50/s", "for": "5s"},
            ],
        ),
        success=["knee >= 202.5/s"],  # a level: what lies between two of them is not settled
    ),
    {"queue": ("knee", "throughput-collapse")},
    timed=True,
)
SIDE_BY_SIDE = Case(
    "side-by-side",
    _example(
        "side-by-side",
        "interaction",
        ("interaction",),
        target=_served(),
        workload={
            "http": {
                "base_url": "http://127.0.0.1:{port}",
                "journeys": {
                    "one": {"rate": "30/s", "steps": [{"get": "/left", "expect": {"status": 200}}]},
                    "two": {
                        "rate": "30/s",
                        "steps": [{"get": "/right", "expect": {"status": 200}}],
                    },
                },
            }
        },
        shape={
            "model": "open",
            "seed": 1,
            "journeys": ["one", "two"],
            "stages": [{"name": "load", "for": "3s"}],
        },
        success=["interaction == none", "response.p99 < 5s"],
    ),
    {"crossed": ("interaction",)},
    timed=True,
)


def _called(function: str, file: Path = WORKS, **python: str) -> dict[str, Any]:
    return {
        "python": {"call": f"{file.stem}:{function}", **python},
        "cwd": str(file.parent),
        "limits": {"memory": "512MiB"},
    }


def _sweep(name: str, hunts: str, function: str, size: Document, success: list[str]) -> Document:
    return _example(
        name,
        "sweep",
        (hunts,),
        target=_called(function),
        workload={"calls": {}},
        shape={
            "model": "closed",
            "seed": 1,
            "size": size,
            "stages": [{"name": "sizes", "users": 1, "ops": 40}],
            "timeout": "5s",
        },
        success=success,
    )


COST = Case(
    "cost",
    _sweep(
        "cost",
        "superlinear-cost",
        "price",
        {"name": "lines", "values": [100, 200, 400, 800, 1600]},
        ["cost.order < 1.3"],
    ),
    {"square": ("superlinear-cost",)},
    timed=True,
)
BOUNDARY = Case(
    "boundary",
    _sweep(
        "boundary",
        "size-boundary",
        "pack",
        {"name": "size", "values": [10, 100, 1000, 10_000]},
        ["response.max < 5s"],
    ),
    {"buffer": ("size-boundary",)},
)
EDGE = Case(
    "edge",
    _example(
        "edge",
        "wrap",
        ("counter-wrap", "counter-stuck"),
        target=_called("ticket", setup="works:start_at", state="works:state"),
        workload={"calls": {}},
        counters=[
            {
                "name": "ticket",
                "from": "state.last",
                "bits": 16,
                "preset": {"setup": {"start": 64_000}},
            }
        ],
        shape={
            "model": "closed",
            "seed": 1,
            "stages": [{"name": "across", "users": 1, "ops": 4000}],
        },
        success=["errors.count == 0"],
    ),
    {"wrap": ("counter-wrap",), "stick": ("counter-stuck",)},
)


def asking(server: Server) -> Case:
    """The example that asks a server which counts."""
    target = _called("order", COUNTED, setup="counted:connect")
    target |= {"env": {"WHERE": server.named}, "probes": [{server.probe: server.named}]}
    size = {"name": "lines", "values": [1, 10, 30, 100]}
    name = f"asking-{server.probe}"
    document = _sweep(name, AMPLIFIED, "order", size, ["errors.count == 0"])
    return Case(name, {**document, "target": target}, {"each": (AMPLIFIED,)})


# Long ones first, so that those that run side by side end together.
CASES: tuple[Case, ...] = (SOAK, CLIMB, DRIFT, SIDE_BY_SIDE, STALL, LOAD, EDGE, COST, BOUNDARY)
