"""Commits that change nothing, compared while another process loads a core: how often it is said
that something became worse.

usage: ``python -m tests.acceptance.unchanged [--times 50] [--idle]``

Prints a line for each try; exit code 0 when at most one in fifty was called REGRESSED. A try takes
one to two minutes.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from perfstress.clock import now_ns
from tests.acceptance.regressions import once, told
from tests.support.versions import Versions

FALSE_AT_MOST = 1 / 50
SPINS = (
    "import os, time\nparent = os.getppid()\nwhile os.getppid() == parent:\n    sum(range(10000))"
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--idle", action="store_true", help="without the other process")
    options = parser.parse_args()
    false = 0
    other = None if options.idle else subprocess.Popen([sys.executable, "-c", SPINS])
    try:
        for number in range(options.times):
            folder = Path(tempfile.mkdtemp(prefix="perfstress-unchanged-"))
            try:
                versions = Versions(folder / "project")
                versions.unchanged()
                began_ns = now_ns()
                seen = once(versions)
                false += bool(seen.regressed)
                word = "FALSE" if seen.regressed else "ok"
                print(
                    f"{number + 1}: {word}: {told(seen, (now_ns() - began_ns) / 1e9)}", flush=True
                )
            finally:
                shutil.rmtree(folder)
    finally:
        if other is not None:
            other.kill()
            other.wait()
    print(f"{false} of {options.times} called REGRESSED")
    return 1 if false > max(1, FALSE_AT_MOST * options.times) else 0


if __name__ == "__main__":
    sys.exit(main())
