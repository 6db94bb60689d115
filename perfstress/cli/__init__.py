"""The command line: names, options and help; one file for each group of commands."""

from __future__ import annotations

# A command is part of the application once its module is imported; help lists them in this order.
from perfstress.cli import designing, phases, running, hitting, reading, keeping, caught, machine  # isort: skip
from perfstress.cli.door import run
from perfstress.cli.options import app

__all__ = [
    "app",
    "caught",
    "designing",
    "hitting",
    "keeping",
    "machine",
    "phases",
    "reading",
    "run",
    "running",
]
