"""Questions to whoever sits at the terminal."""

from __future__ import annotations

import typer


def asked(question: str) -> str:
    """The answer to a question; empty where it is left open."""
    return answered(f"{question} (Enter leaves it open)")


def answered(question: str) -> str:
    """The answer to a question as it stands."""
    answer: str = typer.prompt(question, default="", show_default=False)
    return answer
