"""Recorded arrivals: what is read, what is refused, and what is drawn within whole seconds."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfstress.arrivals import ArrivalsError, keep, kept, read

LOG = '10.0.0.1 - - [28/Nov/2025:11:00:{:02d} +0000] "GET /cart HTTP/1.1" 200 42 "-" "a browser"'


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "arrivals.txt"
    path.write_text(text)
    return path


def test_offsets_are_taken_as_they_are(tmp_path: Path) -> None:
    found = read(written(tmp_path, "# from the tap of the load balancer\n0\n0.25\n\n0.25\n1.5\n"))
    assert found.due_ns(1, 10**10).tolist() == [0, 250_000_000, 250_000_000, 1_500_000_000]
    assert found.due_ns(2, 10**9).tolist() == [0, 250_000_000, 250_000_000]
    assert (found.whole_seconds, found.busiest_hz) == (False, 3)
    assert found.seconds == 2.0  # one mean gap after the last


def test_an_access_log_has_its_own_times(tmp_path: Path) -> None:
    """A line is written when the request ends: not quite in order."""
    text = "\n".join(LOG.format(second) for second in (5, 7, 6, 7, 7))
    found = read(written(tmp_path, text))
    assert (found.whole_seconds, found.seconds, found.busiest_hz) == (True, 3.0, 3)
    due_ns = found.due_ns(4, 3 * 10**9)
    assert (due_ns // 10**9).tolist() == [0, 1, 2, 2, 2]
    assert (np.diff(due_ns) > 0).all()
    assert len(set((due_ns % 10**9).tolist())) == 5
    assert due_ns.tolist() == found.due_ns(4, 3 * 10**9).tolist()
    assert due_ns.tolist() != found.due_ns(5, 3 * 10**9).tolist()


def test_whole_seconds_that_are_written_with_a_point_are_exact(tmp_path: Path) -> None:
    assert not read(written(tmp_path, "0.0\n1.0\n2.0\n")).whole_seconds
    assert read(written(tmp_path, "0\n1\n1\n2\n")).whole_seconds


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("", 0, "no arrival"),
        ("# nothing\n\n", 0, "no arrival"),
        ("0\n1\nsoon\n", 3, "'soon' is not a number"),
        ("0\n2\n1.5\n", 3, "below the line before"),
        ("-1\n", 1, "below the line before"),
        ("0\nnan\n", 2, "is not a time"),
        ("0\ninf\n", 2, "is not a time"),
        (LOG.format(1) + "\n17\n", 2, "not a line of an access log"),
    ],
)
def test_what_is_refused(tmp_path: Path, text: str, line: int, why: str) -> None:
    with pytest.raises(ArrivalsError, match=why) as caught:
        read(written(tmp_path, text))
    assert caught.value.line == line


def test_what_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ArrivalsError, match="cannot be read"):
        read(tmp_path / "nowhere")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ArrivalsError, match="UTF-8"):
        read(tmp_path / "binary")


@given(st.lists(st.integers(0, 10**12), max_size=20_000).map(sorted))
@settings(max_examples=20, deadline=None)
def test_what_is_kept_comes_back(tmp_path_factory: pytest.TempPathFactory, due: list[int]) -> None:
    folder = tmp_path_factory.mktemp("kept")
    path = keep(np.array(due, dtype=np.int64), folder / "arrivals-0")
    assert [one for chunk in kept(path) for one in chunk.tolist()] == due
