"""The probes: what of a target is read, and which of them watch a given example."""

from __future__ import annotations

from urllib.parse import urlsplit

from perfstress.control import guard
from perfstress.doorways import doorway_of
from perfstress.example import WorkedExample
from perfstress.probes.answers import Answers
from perfstress.probes.disk import Disk
from perfstress.probes.process import Process
from perfstress.probes.prometheus import Prometheus
from perfstress.probes.sockets import Sockets
from perfstress.protocols import Probe, Surroundings, Target
from perfstress.substitute import substitute


def always(example: WorkedExample, target: Target, around: Surroundings) -> list[Probe]:
    """The probes that watch every target: processes, sockets, disk.

    Processes come first: their numbers are read closest to the count of operations. Paths under
    ``target.disk`` start where the target does.
    """
    start = around.root / (example.target.cwd or ".")
    paths = {
        path: start / substitute(path, target.values, folder=around.folder)
        for path in example.target.disk
    }
    return [Process(), Sockets(), Disk(paths, around.scratch)]


def declared(example: WorkedExample, target: Target, around: Surroundings) -> list[Probe]:
    """The probes that the example asks for by name, in its order."""
    urls = [
        substitute(probe.prometheus, target.values, folder=around.folder)
        for probe in example.target.probes
        if probe.prometheus is not None
    ]
    several = len(urls) > 1
    probes: list[Probe] = [Prometheus(url, urlsplit(url).netloc if several else "") for url in urls]
    return probes + _answers(example, target, around)


def _answers(example: WorkedExample, target: Target, around: Surroundings) -> list[Probe]:
    """The probe of the counters that the target itself tells."""
    http = example.workload.http
    wanted = {}
    for counter in example.counters:
        if (answer := counter.answers) is not None:
            base = "" if "://" in answer.get or http is None else http.base_url.rstrip("/")
            url = substitute(base + answer.get, target.values, folder=around.folder)
            guard(url, example.allow_hosts)
            wanted[counter.name] = (url, answer.value)
    doorway = doorway_of(http, target.values, around.folder)
    return [Answers(wanted, doorway)] if wanted else []
