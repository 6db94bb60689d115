"""The gateway: copies the headers of a request and strips those that are for one hop only."""

from multidict import CIMultiDict

HOP_BY_HOP = (
    "Connection",
    "Keep-Alive",
    "Proxy-Authenticate",
    "Proxy-Authorization",
    "Proxy-Connection",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
    "X-Hop-Trace",
    "X-Hop-Region",
    "X-Hop-Deadline",
)


def op(i: int) -> None:
    """The headers of one request, all of which are for this hop."""
    headers: CIMultiDict[str] = CIMultiDict()
    for name in HOP_BY_HOP:
        headers[name] = f"value-{i}"
    for name in HOP_BY_HOP:
        del headers[name]
    if headers:
        raise ValueError(f"request {i}: {list(headers)} are left")
