"""``python -m perfstress``: hands over to the command line."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and leave with its exit code."""
    from perfstress.cli import run  # delayed: nothing is imported before it is known to be needed
    from perfstress.outlets import open_outlets

    open_outlets()
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
