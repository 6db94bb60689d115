"""``perfstress history`` on a store of made-up runs."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from perfstress.commands.history import Asked, history
from perfstress.errors import ExitCode, LibraryError, PerfstressError, UsageError
from perfstress.trends.store import opened
from tests.support import histories
from tests.support.golden import Golden


class Terminal(io.StringIO):
    """Standard output of a known encoding."""

    encoding = "utf-8"  # type: ignore[assignment]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in whose history one example became slower and another one has a single run."""
    (tmp_path / ".perfstress").mkdir()
    (tmp_path / ".git").mkdir()
    with opened(tmp_path, make=True) as store:
        store.add(histories.slower())
        store.add([histories.record(40, verdict="INCONCLUSIVE")])
        store.add([histories.record(n, environment="another") for n in range(-8, -1)])
        store.add([histories.record(3, name="a-name-that-is-longer-than-the-column-for-it")])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path


def told(asked: Asked) -> tuple[str, str]:
    out, err = Terminal(), io.StringIO()
    assert history(asked, out=out, err=err) is ExitCode.PASS
    return out.getvalue(), err.getvalue()


@pytest.mark.parametrize("columns", [60, 80, 120])
@pytest.mark.parametrize("name", [None, "shop"])
def test_it_fits_its_terminal(
    project: Path, golden: Golden, monkeypatch: pytest.MonkeyPatch, columns: int, name: str | None
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    text, _ = told(Asked(name))
    golden.check(f"history/{name or 'all'}-{columns}.txt", text)
    lines = [line for line in text.splitlines() if not line.startswith("next")]  # to be copied
    assert max(map(len, lines)) <= columns


def test_json_has_every_run_and_every_change(project: Path) -> None:
    data = json.loads(told(Asked("shop", as_json=True))[0])
    assert data["name"] == "shop"
    assert len(data["replays"]) == 48
    p50 = data["metrics"][0]
    assert (p50["metric"], p50["unit"], len(p50["changes"])) == ("response.p50", "ms", 1)
    assert p50["changes"][0]["commit"] == histories.commit(25)
    assert p50["changes"][0]["commit_before"] == histories.commit(24)
    entries = json.loads(told(Asked(as_json=True))[0])["entries"]
    assert [entry["runs"] for entry in entries] == [1, 48]
    assert entries[1]["last"]["verdict"] == "INCONCLUSIVE"


def test_a_metric_and_a_time_narrow_it(project: Path) -> None:
    data = json.loads(
        told(Asked("shop", metrics=["throughput"], since="2026-03-12", as_json=True))[0]
    )
    assert [metric["metric"] for metric in data["metrics"]] == ["throughput"]
    assert data["replays"][0]["at"].startswith("2026-03-12")
    with pytest.raises(LibraryError, match="no run since"):
        told(Asked("shop", since="1s"))
    assert told(Asked(since="1s"))[0] == "no run is in the history since then\n"


def test_csv_is_the_series_that_goes_on(project: Path) -> None:
    out, err = told(Asked("shop", csv=Path("shop.csv")))
    assert out == ""
    assert "40 runs" in err
    assert len((project / "shop.csv").read_text().splitlines()) == 41


@pytest.mark.parametrize(
    ("asked", "slug"),
    [
        (Asked("nothing"), "no-history"),
        (Asked("shop", metrics=["response.p51"]), "no-metric"),
        (Asked(metrics=["throughput"]), "bad-option"),
        (Asked(csv=Path("x.csv")), "bad-option"),
        (Asked("shop", since="yesterday"), "bad-option"),
        (Asked("shop", rebuild=True), "bad-option"),
        (Asked("shop", csv=Path("none/x.csv")), "bad-option"),
        (Asked(rebuild=True), "no-history"),
    ],
)
def test_what_cannot_be_asked_is_refused(project: Path, asked: Asked, slug: str) -> None:
    with pytest.raises((UsageError, LibraryError)) as caught:
        told(asked)
    assert caught.value.slug == slug
    assert caught.value.hint


def test_runs_that_were_not_real_have_nothing_to_export(project: Path) -> None:
    with opened(project, make=True) as store:
        store.add([histories.record(1, name="idle", verdict="INCONCLUSIVE")])
    assert "INCONCLUSIVE" in told(Asked("idle"))[0]
    with pytest.raises(PerfstressError, match="nothing to write"):
        told(Asked("idle", csv=Path("x.csv")))
