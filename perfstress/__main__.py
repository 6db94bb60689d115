"""``python -m perfstress``: hands over to the command line."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and leave with its exit code."""
    try:
        from perfstress.cli import run  # delayed: Ctrl-C while it is imported is no traceback
        from perfstress.outlets import open_outlets

        open_outlets()
        sys.exit(run(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
