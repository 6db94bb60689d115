"""The job runner: a status server for each job, on a free port, stopped with the job."""

import http.client
import threading
from collections.abc import Callable, Iterable

from cheroot import wsgi


def status(environ: dict[str, object], start: Callable[..., object]) -> Iterable[bytes]:
    """Answers where the job is."""
    start("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "7")])
    return [b"running"]


def op(i: int) -> None:
    """One job: server up, asked once, server down."""
    server = wsgi.Server(("127.0.0.1", 0), status, numthreads=2)
    server.prepare()
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        connection = http.client.HTTPConnection("127.0.0.1", server.bind_addr[1], timeout=5)
        connection.request("GET", "/")
        answer = connection.getresponse().read()
        connection.close()
        if answer != b"running":
            raise ValueError(f"the status server of job {i} answers {answer!r}")
    finally:
        server.stop()
        thread.join()
