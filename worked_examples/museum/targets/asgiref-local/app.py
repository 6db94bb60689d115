"""Background tasks of the site: each in a thread, with its request in a Local of the module."""

import threading

from asgiref.local import Local

current = Local()


def task(number: int) -> None:
    """What runs in the thread: note whose task it is, read it back."""
    current.request = {"id": number}
    if current.request["id"] != number:
        raise ValueError(f"task {number} sees another one's request")


def op(i: int) -> None:
    """Run one task to its end."""
    thread = threading.Thread(target=task, args=(i,))
    thread.start()
    thread.join()
