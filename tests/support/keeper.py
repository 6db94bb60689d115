"""Keeps a server for as long as its parent lives: ``python keeper.py USER FOLDER COMMAND…``.

The parent holds the other end of standard input. When that ends, because the parent closed it or
was killed, the server is told to stop at once (SIGQUIT), and FOLDER is removed. When the keeper is
killed itself, the kernel kills the server (Linux).
"""

from __future__ import annotations

import ctypes
import os
import select
import shutil
import signal
import subprocess
import sys

PR_SET_PDEATHSIG = 1
STOPS_WITHIN_S = 20.0


def bind_to_parent() -> None:
    """Have the kernel end this process with its parent; to be called between fork and exec, after
    the user was changed, which would undo it.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def heed_and_bind() -> None:
    """What a shell starts in its background ignores SIGQUIT, and so would a server that sets no
    handler of its own.
    """
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)
    bind_to_parent()


def main() -> None:
    """Until standard input or the server ends."""
    user, folder, *command = sys.argv[1:]
    who = {"user": user, "group": user, "extra_groups": []} if os.getuid() == 0 else {}
    server = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, cwd="/", preexec_fn=heed_and_bind, **who
    )
    try:
        while server.poll() is None:
            readable, _, _ = select.select([0], [], [], 0.2)
            if readable and not os.read(0, 1024):
                break
    finally:
        if server.poll() is None:
            server.send_signal(signal.SIGQUIT)
        try:
            server.wait(STOPS_WITHIN_S)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
