"""The probes: what of a target is read, and which of them watch a given example."""

from __future__ import annotations

from urllib.parse import urlsplit

from perfstress.example import WorkedExample
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
    return [Prometheus(url, urlsplit(url).netloc if several else "") for url in urls]
