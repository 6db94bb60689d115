"""The review tool: parses the migration scripts of a merge request."""

import sqlparse

# Newer releases refuse scripts beyond a limit; the reviewer then sees them as they are.
_REFUSED = getattr(sqlparse.exceptions, "SQLParseError", ())

script = ""


def setup(comment_lines: int = 10) -> None:
    """A script with so many lines at its end that say how to take it back."""
    global script
    script = "create table receipts (id int);\n"
    script += "-- alter table receipts drop constraint if exists some_check;\n" * comment_lines


def op(i: int) -> None:
    """Parse the script."""
    try:
        statements = sqlparse.parse(script)
    except _REFUSED:
        return
    if "".join(str(statement) for statement in statements).rstrip() != script.rstrip():
        raise ValueError("the script has changed")
