"""The times of single requests beside libcurl's; how near they are, the benchmark says."""

import pytest

pytest.importorskip("pycurl", reason="pip install pycurl")

from tests.benchmarks.against_pycurl import compare, figures_of


@pytest.mark.live
def test_both_sides_are_asked_as_often_and_measure_what_the_server_takes():
    curl, ours = compare(80)
    assert curl.asked == ours.asked == len(ours.whole) == len(curl.whole) == 80
    for side in (curl, ours):
        assert side.first_byte.min_ns >= 19_900_000
        assert side.whole.min_ns >= 21_900_000
        assert side.whole.max_ns >= side.first_byte.max_ns
    assert len(figures_of(curl, ours)) == 4
