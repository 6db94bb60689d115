"""``perfstress version``: the version, and what a bug report needs to know."""

from __future__ import annotations

import platform
from typing import TextIO

from perfstress.errors import ExitCode
from perfstress.version import __version__


def version(out: TextIO) -> ExitCode:
    """One line: perfstress, Python and the platform."""
    out.write(
        f"perfstress {__version__} (Python {platform.python_version()}, "
        f"{platform.system()} {platform.release()} {platform.machine()})\n"
    )
    return ExitCode.PASS
