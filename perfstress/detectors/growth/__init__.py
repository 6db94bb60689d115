"""Growth of resources with work."""

from perfstress.run import Run
from perfstress.verdict import Detection


def detect(run: Run) -> Detection:
    """."""
    return Detection()
