"""The preferences of a user: a quoted cookie, whose quotes are escaped."""

from tornado.httputil import parse_cookie

header = ""


def setup(cookie_chars: int = 500) -> None:
    """A Cookie header with a value of so many characters."""
    global header
    escaped = '\\"' * (cookie_chars // 2)
    header = f'session=ok; prefs="{escaped}"'


def op(i: int) -> None:
    """Parse the header."""
    if parse_cookie(header)["session"] != "ok":
        raise ValueError("the session is lost")
