"""Which probes an example gets: their names, their guard, and the libraries that they need."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from perfstress.errors import GuardTripped, UsageError
from perfstress.example import PROBE_KEYS, Limits, Probe, WorkedExample
from perfstress.probes import DECLARED, EXTRAS, check_extras, declared, limits_told
from perfstress.protocols import Surroundings
from perfstress.run import Limit
from tests.support.made_runs import soaked


class Target:
    """A target of which only the values matter."""

    values: Mapping[str, str] = {"port": "8080", "run": "/tmp"}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> WorkedExample:
    return soaked(tmp_path_factory.mktemp("runs") / "flat").example


def asking(example: WorkedExample, *probes: dict[str, Any], **more: Any) -> WorkedExample:
    asked = [Probe.model_validate(probe) for probe in probes]
    target = example.target.model_copy(update={"probes": asked, **more.pop("target", {})})
    return example.model_copy(update={"target": target, **more})


def made(example: WorkedExample, folder: Path) -> list[Any]:
    around = Surroundings(folder, folder, folder, folder, folder)
    return declared(example, Target(), around)  # type: ignore[arg-type]


def closed(probes: list[Any]) -> Iterator[str]:
    for probe in probes:
        yield probe.name
        probe.close()


def test_there_is_a_line_for_each_key() -> None:
    assert set(DECLARED) == set(PROBE_KEYS)
    assert set(EXTRAS) < set(PROBE_KEYS)


def test_two_of_a_kind_are_told_apart_without_their_passwords(
    plain: WorkedExample, tmp_path: Path
) -> None:
    example = asking(
        plain,
        {"postgres": "postgresql://shop:secret1@127.0.0.1:5432/a"},
        {"postgres": "postgresql://shop:secret1@127.0.0.1:5432/b"},
        {"redis": "redis://:secret1@127.0.0.1:6379/0"},
        {"json": {"url": "http://127.0.0.1:{port}/x", "values": {"a": "b"}}},
        {"log": "app.log"},
        {"cgroup": True},
        {"host": True},
        {"prometheus": "http://127.0.0.1:{port}/metrics"},
    )
    assert list(closed(made(example, tmp_path))) == [
        "postgres 127.0.0.1:5432/a",
        "postgres 127.0.0.1:5432/b",
        "redis",
        "json",
        "log app.log",
        "cgroup",
        "host",
        "prometheus",
    ]


@pytest.mark.parametrize(
    "probe",
    [
        {"postgres": "postgresql://shop@192.0.2.1/a"},
        {"redis": "redis://192.0.2.1"},
        {"json": {"url": "http://192.0.2.1/x", "values": {"a": "b"}}},
        {"prometheus": "http://192.0.2.1/metrics"},
    ],
)
def test_another_machine_is_read_only_where_the_example_allows_it(
    plain: WorkedExample, tmp_path: Path, probe: dict[str, Any]
) -> None:
    example = asking(plain, probe)
    with pytest.raises(GuardTripped):
        made(example, tmp_path)
    for allow in ("192.0.2.1", {"postgres": "192.0.2.1:5432", "redis": "192.0.2.1:6379"}):
        host = allow if isinstance(allow, str) else allow.get(next(iter(probe)), "192.0.2.1:80")
        allowed = asking(plain, probe, allow_hosts=[host])
        assert len(list(closed(made(allowed, tmp_path)))) == 1


@pytest.mark.parametrize("kind", sorted(EXTRAS))
def test_a_library_that_is_missing_is_told_before_anything_is_started(
    plain: WorkedExample, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheme = {"postgres": "postgresql", "redis": "redis"}[kind]
    example = asking(plain, {kind: f"{scheme}://127.0.0.1/x"})
    check_extras(example)
    monkeypatch.setitem(sys.modules, EXTRAS[kind], None)  # as if it were not installed
    with pytest.raises(UsageError) as told:
        check_extras(example)
    assert told.value.hint == f"pip install 'perfstress[{kind}]'"


class Bounded:
    """A probe that is told limits."""

    name = "bounded"

    def limits(self) -> dict[str, Limit]:
        return {"fds": Limit(10.0, "theirs"), "redis.clients": Limit(5.0, "theirs")}


def test_what_the_example_declares_comes_before_what_a_server_tells(plain: WorkedExample) -> None:
    probes: list[Any] = [Bounded()]
    without = asking(plain, target={"limits": Limits()})
    assert set(limits_told(probes, without)) == {"fds", "redis.clients"}
    own = asking(plain, target={"limits": Limits(open_files=100)})
    assert set(limits_told(probes, own)) == {"redis.clients"}
