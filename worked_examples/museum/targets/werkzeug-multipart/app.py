"""The upload of receipts: a form with one file, parsed as it comes from the socket."""

import io

from werkzeug.formparser import parse_form_data

AT_ONCE = 4096  # what one read of a socket gives
HEAD = (
    b'--B\r\nContent-Disposition: form-data; name="scan"; filename="scan.bin"\r\n'
    b"Content-Type: application/octet-stream\r\n\r\n"
)
TAIL = b"\r\n--B--\r\n"

body = b""
scan = b""


class Socket(io.BytesIO):
    """Gives no more at once than a socket does."""

    def read(self, size: int | None = -1) -> bytes:
        """Some bytes."""
        return super().read(AT_ONCE if size is None or size < 0 else min(size, AT_ONCE))

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        """Some bytes, into a buffer."""
        data = super().read(min(len(buffer), AT_ONCE))
        buffer[: len(data)] = data
        return len(data)


def setup(file_bytes: int = 65536) -> None:
    """A scan of so many bytes, as the scanner writes it: an empty line and then no other."""
    global body, scan
    scan = b"\r\n" + b"a" * (file_bytes - 2)
    body = HEAD + scan + TAIL


def op(i: int) -> None:
    """Parse one upload."""
    environ = {
        "REQUEST_METHOD": "POST",
        "CONTENT_TYPE": "multipart/form-data; boundary=B",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": Socket(body),
    }
    _, _, files = parse_form_data(environ)
    if files["scan"].read() != scan:
        raise ValueError("the scan has changed")
