"""An HTTP server that can be late, unready, deaf or short-lived, as its arguments say.

usage: server.py PORT [option=value...]
    late=S      listens only after so many seconds
    status=N    answers N to every request
    print=TEXT  prints this once it listens
    dies=S      exits with code 9 so many seconds after it listens, having said so
    kills=S     kills itself with SIGKILL instead
    deaf=1      ignores SIGTERM
    forks=1     has a child
"""

from __future__ import annotations

import http.server
import json
import os
import signal
import sys
import threading
import time


def main() -> None:
    options = dict(option.split("=", 1) for option in sys.argv[2:])
    if "deaf" in options:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if "forks" in options and os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(60)
        os._exit(0)
    time.sleep(float(options.get("late", 0)))

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            facts = {"path": self.path, "pid": os.getpid(), "env": dict(os.environ)}
            body = json.dumps({**facts, "cwd": os.getcwd()}).encode()
            self.send_response(int(options.get("status", 200)))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
    if "print" in options:
        print(options["print"], flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    if "dies" in options:
        time.sleep(float(options["dies"]))
        print("going down: the disk is full", flush=True)
        os._exit(9)
    if "kills" in options:
        time.sleep(float(options["kills"]))
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)


if __name__ == "__main__":
    main()
