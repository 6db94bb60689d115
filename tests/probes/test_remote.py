"""A remote target's page: what of it stands for memory, descriptors and threads."""

from __future__ import annotations

from perfstress.probes.remote import limits, primary

PAGE = {
    "gauge:process_resident_memory_bytes": 5e7,
    "gauge:process_open_fds": 12.0,
    "gauge:process_max_fds": 1024.0,
    "counter:process_cpu_seconds_total": 3.5,
    'gauge:go_threads{job="shop"}': 9.0,
    "gauge:process_virtual_memory_max_bytes": 1.8e19,
}


def test_the_names_of_client_libraries_stand_for_the_metrics() -> None:
    assert primary(PAGE) == {"memory": 5e7, "fds": 12.0, "threads": 9.0, "cpu_s": 3.5}
    assert {name: limit.value for name, limit in limits(PAGE).items()} == {"fds": 1024.0}
    assert limits(PAGE)["fds"].name == "process_max_fds of 1,024"


def test_a_name_of_several_series_stands_for_nothing() -> None:
    """A page of many containers does not say which of them is the target."""
    page = {
        'gauge:container_memory_rss{name="a"}': 1.0,
        'gauge:container_memory_rss{name="b"}': 2.0,
    }
    assert primary(page) == {}


def test_a_container_alone_has_its_own_limit() -> None:
    page = {
        'gauge:container_memory_rss{name="a"}': 1.0,
        'gauge:container_spec_memory_limit_bytes{name="a"}': float(64 << 20),
    }
    assert primary(page) == {"memory": 1.0}
    assert limits(page)["memory"].value == 64 << 20
    assert limits({'gauge:container_spec_memory_limit_bytes{name="a"}': 0.0}) == {}
