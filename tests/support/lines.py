"""A service behind a target, in a process of its own: it gives each line back.

usage: lines.py PORT [supervised] With ``supervised`` a second process serves, and is started again
whenever it ends.
"""

from __future__ import annotations

import socketserver
import subprocess
import sys


class Line(socketserver.StreamRequestHandler):
    """Gives each line back."""

    def handle(self) -> None:
        for line in self.rfile:
            self.wfile.write(line)
            self.wfile.flush()


class Lines(socketserver.ThreadingTCPServer):
    """A thread for each connection."""

    allow_reuse_address = True
    daemon_threads = True


def main() -> None:
    """Serve on the loopback port, or look after a process that does, until killed."""
    port, supervised = int(sys.argv[1]), sys.argv[2:] == ["supervised"]
    while supervised:
        subprocess.call([sys.executable, __file__, str(port)])
    Lines(("127.0.0.1", port), Line).serve_forever()


if __name__ == "__main__":
    main()
