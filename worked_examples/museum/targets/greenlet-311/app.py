"""The crawler: each page of a host in a greenlet of its own."""

import greenlet

PAGES = 10


def page(host: int, number: int) -> int:
    """What one page comes to."""
    return host * PAGES + number


def op(i: int) -> None:
    """Crawl the ten pages of one host."""
    for number in range(PAGES):
        if greenlet.greenlet(page).switch(i, number) != i * PAGES + number:
            raise ValueError(f"host {i}: page {number} is another one's")
