"""The ingest server: watches its drop folder while its devices are connected."""

import os
import resource
import tempfile
import threading
from pathlib import Path

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

WITHIN_S = 2.0

folder = Path(tempfile.mkdtemp(prefix="drops-"))
held: list[int] = []


class Drops(FileSystemEventHandler):
    """Knows when the file that it waits for has come."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.has_come = threading.Event()

    def on_created(self, event: FileSystemEvent) -> None:
        """A file is in the folder."""
        if os.path.basename(os.fsdecode(event.src_path)) == self.name:
            self.has_come.set()


def setup(open_files: int = 0) -> None:
    """So many devices hold a descriptor each."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, most), most))
    for other in held:
        os.close(other)
    held[:] = [os.open(os.devnull, os.O_RDONLY) for _ in range(open_files)]


def op(i: int) -> None:
    """Drop one file, and wait for the watcher to see it."""
    drops = Drops(f"drop-{i}")
    observer = Observer()
    observer.schedule(drops, str(folder))
    observer.start()
    try:
        path = folder / drops.name
        path.touch()
        if not drops.has_come.wait(WITHIN_S):
            raise TimeoutError(f"nobody saw {drops.name} within {WITHIN_S} s")
        path.unlink()
    finally:
        observer.stop()
        observer.join(5)
