"""The review tool: parses the migration scripts of a merge request."""

import sqlparse

# Newer releases refuse scripts beyond a limit; the reviewer then sees them as they are.
_REFUSED = getattr(sqlparse.exceptions, "SQLParseError", ())

script = ""


def setup(comment_lines: int = 10) -> None:
    """A script with a header of so many lines."""
    global script
    script = "-- this line says who generated what, and when\n" * comment_lines
    script += "create table receipts (id int);\n"


def op(i: int) -> None:
    """Parse the script."""
    try:
        statements = sqlparse.parse(script)
    except _REFUSED:
        return
    if "".join(str(statement) for statement in statements).rstrip() != script.rstrip():
        raise ValueError("the script has changed")
