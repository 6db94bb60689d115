"""CSV as Apache Otava imports it: a time that it reads, no empty cell."""

from __future__ import annotations

import csv
import dataclasses

from perfstress.trends.export import otava_csv
from tests.support import histories


def test_every_run_is_a_row_of_numbers() -> None:
    records = histories.slower()
    text, gaps = otava_csv(records)
    head, *rows = csv.reader(text.splitlines())
    assert head == ["time", "commit", "response.p50", "throughput"]
    assert rows[0][:2] == ["2026-03-02 08:30:00 +0000", histories.commit(0)]
    assert [float(row[2]) for row in rows] == [each.figures["response.p50"] for each in records]
    assert gaps == []


def test_a_figure_that_some_runs_lack_is_left_out_by_name() -> None:
    records = histories.days([1.0, 2.0])
    records[1] = dataclasses.replace(records[1], figures={"response.p50": 2.0})
    text, gaps = otava_csv(records)
    assert text.splitlines()[0] == "time,commit,response.p50"
    assert gaps == ["throughput"]
