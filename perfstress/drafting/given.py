"""What the author of a draft knows, and the questions to whoever sits at the terminal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from perfstress.errors import UsageError
from perfstress.importers.recorded import Recorded
from perfstress.units import parse_duration, parse_rate

# Puts a question, and gives back the answer; an empty one leaves the matter open.
Ask = Callable[[str], str]
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Given:
    """What the author knows, as texts and numbers that have been checked; None says TODO, or what
    the recording has.
    """

    phase: str | None = None
    rate: str | None = None
    concurrency: int | None = None
    horizon: str | None = None
    source: str | None = None
    implements: tuple[str, ...] = ()


def rate_of(text: str) -> str:
    """The text of a rate above zero; raises ValueError."""
    if not parse_rate(text):
        raise ValueError(f"{text!r} is nothing at all; write more than that")
    return text


def horizon_of(text: str) -> str:
    """The text of a duration above zero; raises ValueError."""
    if not parse_duration(text):
        raise ValueError(f"{text!r} is nothing at all; write more than that")
    return text


def concurrency_of(text: str) -> int:
    """A whole number above zero; raises ValueError."""
    if not text.isascii() or not text.isdigit() or not int(text):
        raise ValueError(f"{text!r} is not a whole number above zero; write one such as 200")
    return int(text)


def checked(option: str, text: str | None, parse: Callable[[str], Answer]) -> Answer | None:
    """What an option says, None where it was not given; raises UsageError."""
    if text is None:
        return None
    try:
        return parse(text)
    except ValueError as error:
        said, _, hint = str(error).partition("; ")
        raise UsageError(f"{option}: {said}", hint=hint, slug="bad-value") from error


def asked(ask: Ask, question: str, parse: Callable[[str], Answer]) -> Answer | None:
    """An answer that can be read, or None for an empty one; asks again until it is either."""
    said = question = f"{question} (Enter leaves it open)"
    while text := ask(said).strip():
        try:
            return parse(text)
        except ValueError as error:
            said = f"{error}\n{question}"
    return None


def chosen(ask: Ask, question: str, known: Sequence[str]) -> str:
    """One of several words; asks until it is."""
    said = question = f"{question}, one of {', '.join(known)}"
    while (text := ask(said).strip()) not in known:
        said = f"{text!r} is none of {', '.join(known)}\n{question}" if text else question
    return text


def one_of(known: Sequence[str]) -> Callable[[str], str]:
    """A reader of one of several words."""

    def parse(text: str) -> str:
        if text not in known:
            raise ValueError(f"{text!r} is none of {', '.join(known)}")
        return text

    return parse


def completed(given: Given, recorded: Recorded, ask: Ask) -> Given:
    """The same with what is neither given nor recorded asked for."""
    if given.rate is None and recorded.peak_hz is None:
        question = "Rate at the peak of production, such as 333/s or 2M/day"
        given = replace(given, rate=asked(ask, question, rate_of))
    if given.concurrency is None and recorded.concurrency is None:
        question = "How many at once: connections, workers, runs"
        given = replace(given, concurrency=asked(ask, question, concurrency_of))
    if given.horizon is None:
        question = "How long one process has to live, such as 14d"
        given = replace(given, horizon=asked(ask, question, horizon_of))
    if given.source is None and not recorded.source:
        question = "How these figures are known: a log and its dates, a bill"
        given = replace(given, source=asked(ask, question, str))
    if not given.implements:
        question = "Paths of the code to come, with spaces between, such as service/**"
        given = replace(given, implements=tuple(asked(ask, question, str.split) or ()))
    return given
