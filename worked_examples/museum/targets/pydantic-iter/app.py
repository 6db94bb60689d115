"""The ingest service: a streamed body is validated as it is read, and keeps its parsed page."""

from collections.abc import Iterable, Iterator

from pydantic import BaseModel


class Page(BaseModel):
    """Rows as they come."""

    rows: Iterable[int]


class Body:
    """The body of a request: hands out its rows, holds its buffer."""

    def __init__(self, rows: int) -> None:
        self.buffer = bytearray(2000)
        self.left = rows
        self.page: Page | None = None

    def __iter__(self) -> Iterator[int]:
        return self

    def __next__(self) -> int:
        if self.left <= 0:
            raise StopIteration
        self.left -= 1
        return self.left


def op(i: int) -> None:
    """Validate one body of three rows."""
    body = Body(3)
    body.page = Page(rows=body)
    if list(body.page.rows) != [2, 1, 0]:
        raise ValueError(f"body {i} has lost rows")
