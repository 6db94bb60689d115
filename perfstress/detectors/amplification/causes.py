"""The statement or the command that amplified work comes from, in words."""

from __future__ import annotations

from perfstress import rediscommands as redis
from perfstress.described import floors_of_work
from perfstress.detectors.amplification import words
from perfstress.run import Run
from perfstress.serviceprose import probe_of
from perfstress.statements import Statement, between, by_size, databases, service_s, statements


def most_asked(run: Run, counter: str) -> str:
    """Which of them an operation asks most often."""
    if counter.startswith("redis."):
        return redis.most_sent(redis.commands(run, redis.servers(run)), counter)
    most = [one for name in databases(run) for one in statements(run, name)]
    return words.most_called(most, service_s(run))


def most_asked_of_largest(run: Run, counter: str) -> str:
    """Which of them an operation of the largest size asks most often."""
    if counter.startswith("redis."):
        of_sizes = redis.by_size(run)
        return redis.most_sent(of_sizes[max(of_sizes)], counter) if of_sizes else ""
    statements_of = by_size(run)
    return words.most_called(statements_of[max(statements_of)], None) if statements_of else ""


def which_rose(run: Run, counter: str, name: str) -> str:
    """Which of them does more at the end than at the beginning; ``name`` is the series."""
    return _command(run, counter, name) if counter.startswith("redis.") else _rose(run, counter)


def _command(run: Run, counter: str, name: str) -> str:
    early, late = (
        redis.fitting(found, counter) for found in redis.early_and_late(run, probe_of(name))
    )
    risen = redis.risen_most(early, late)
    if risen is not None:
        return words.command_grew(counter, *risen[:2])
    most = redis.most_sent(late, counter)  # MGET asks for more keys, and is sent no more often
    return f"no command is sent more often than at first: {most}" if most else ""


def _rose(run: Run, counter: str) -> str:
    best: tuple[float, Statement, float, float] | None = None
    for probe in databases(run):
        told = floors_of_work(run, probe)
        if len(told) < 3:
            continue
        early = {one.query: one for one in between(told[0], told[1])}
        for late in between(told[-2], told[-1]):
            before = early.get(late.query)
            start = words.work_of(counter, before) if before is not None else 0.0
            end = words.work_of(counter, late)
            if best is None or end - start > best[0]:
                best = (end - start, late, start, end)
    if best is None or best[0] <= 0:
        return ""
    _, statement, start, end = best
    return words.grew(counter, statement, start, end)


def which_grew_with_size(run: Run, counter: str) -> tuple[str, frozenset[str]]:
    """Which of them does more for the largest size than for the smallest, in words, and all whose
    number of calls grows as it does.
    """
    if counter.startswith("redis."):
        return _command_with_size(run, counter)
    every = by_size(run)
    if len(every) < 2:
        return "", frozenset()
    few = {one.query: one for one in every[min(every)]}
    many = every[max(every)]

    def risen(one: Statement) -> float:
        before = few.get(one.query)
        start = words.work_of(counter, before) if before is not None else 0.0
        return words.work_of(counter, one) - start

    most = max(many, key=risen, default=None)
    if most is None or risen(most) <= 0:
        return "", frozenset()
    grown = frozenset(one.query for one in many if risen(one) >= risen(most) / 2)
    return words.grew_with_size(counter, few.get(most.query), most, many), grown


def _command_with_size(run: Run, counter: str) -> tuple[str, frozenset[str]]:
    every = redis.by_size(run)
    if len(every) < 2:
        return "", frozenset()
    few, many = (redis.fitting(every[size], counter) for size in (min(every), max(every)))
    risen = redis.risen_most(few, many)
    if risen is None:
        most = redis.most_sent(many, counter)
        told = f"no command is sent more often than for the smallest size: {most}"
        return (told, frozenset()) if most else ("", frozenset())
    most_of_all, start, named = risen
    return words.command_grew_with_size(counter, most_of_all, start), named
