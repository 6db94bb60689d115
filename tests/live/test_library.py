"""From a passing run to the regression library and back, in a repository of its own."""

from __future__ import annotations

import json
import shutil

import pytest
import yaml

from tests.support.project import SERVICE, Project

pytestmark = pytest.mark.live


def repository(project: Project, mode: str = "well") -> None:
    """The example first, then the service that it is about, each in its own commit."""
    project.git("init", "-q")
    (project.root / ".gitignore").write_text(".perfstress/\n")
    project.document["target"]["command"] = ["python", "service/service.py", "{port}", mode]
    project.file = project.root / "worked_examples" / "shop.yaml"
    project.file.parent.mkdir()
    project.file.write_text(yaml.safe_dump(project.document))
    project.commit("the example")
    (project.root / "service").mkdir()
    shutil.copy(SERVICE, project.root / "service" / "service.py")
    project.commit("the service")


def test_a_pass_is_promoted_after_a_second_run_and_replayed(project: Project) -> None:
    repository(project)
    code, verdict = project.verdict()
    assert code == 0, verdict["reasons"]
    promoted = project.perfstress("promote", "shop")
    assert promoted.returncode == 0, promoted.stderr
    entry = project.root / "regressions" / "shop"
    baseline = json.loads((entry / "baseline.json").read_text())
    assert baseline["kind"] == "load"
    assert baseline["summary"]["requests"] == 200
    assert baseline["histograms"]["response"]
    assert (entry / "example.yaml").read_text() == project.file.read_text()
    replayed = project.perfstress("replay", "--json")
    assert replayed.returncode == 0, replayed.stderr
    assert "too late" not in replayed.stderr, "the copy is younger, its original is not"
    result = json.loads(replayed.stdout)
    assert result["verdict"] == "PASS"
    assert [one["name"] for one in result["entries"]] == ["shop"]
    assert result["not_run"] == []


def test_replay_fails_when_the_service_has_got_worse(project: Project) -> None:
    repository(project)
    assert project.verdict()[0] == 0
    assert project.perfstress("promote", "shop").returncode == 0
    service = project.root / "service" / "service.py"
    text = service.read_text()
    service.write_text(
        text.replace("self.served <= self.after", "self.served <= 20").replace(
            'self.mode == "errors"', "True"
        )
    )
    replayed = project.perfstress("replay", "--json")
    assert replayed.returncode == 1, replayed.stderr
    assert json.loads(replayed.stdout)["entries"][0]["verdict"] == "FAIL"


def test_a_changed_entry_is_refused_by_name(project: Project) -> None:
    repository(project)
    assert project.verdict()[0] == 0
    assert project.perfstress("promote", "shop").returncode == 0
    frozen = project.root / "regressions" / "shop" / "example.yaml"
    frozen.write_text(frozen.read_text().replace("100/s", "10/s"))
    replayed = project.perfstress("replay")
    assert replayed.returncode == 2
    assert "not what was promoted" in replayed.stdout
    assert "[entry-changed]" in replayed.stdout


def test_promotion_is_refused_with_every_reason(project: Project) -> None:
    project.git("init", "-q")
    (project.root / ".gitignore").write_text(".perfstress/\n")
    (project.root / "service").mkdir()
    shutil.copy(SERVICE, project.root / "service" / "service.py")
    project.commit("the service, before any example")
    code, _ = project.verdict("--scale", "0.5", "--set", "target.env.X=1")
    assert code in (0, 125)
    refused = project.perfstress("promote", "shop")
    assert refused.returncode == 2
    for reason in ("reduced", "--set", "uncommitted", "came first"):
        assert reason in refused.stderr


def test_an_unknown_entry_names_the_known(project: Project) -> None:
    project.git("init", "-q")
    refused = project.perfstress("replay", "nothing")
    assert refused.returncode == 2
    assert "none yet" in refused.stderr


def test_an_empty_library_says_so(project: Project) -> None:
    project.git("init", "-q")
    replayed = project.perfstress("replay")
    assert replayed.returncode == 0
    assert f"nothing in {project.root / 'regressions'}" in replayed.stdout


@pytest.mark.parametrize("text", [None, "[]", "{", "5"])
def test_a_damaged_entry_is_named(project: Project, text: str | None) -> None:
    project.git("init", "-q")
    entry = project.root / "regressions" / "shop"
    entry.mkdir(parents=True)
    if text is not None:
        (entry / "baseline.json").write_text(text)
    refused = project.perfstress("replay")
    assert refused.returncode == 2
    assert refused.stdout.count("baseline.json") == 1
    assert "[damaged-entry]" in refused.stdout


def test_a_damaged_entry_does_not_keep_the_others_from_running(project: Project) -> None:
    repository(project)
    assert project.verdict()[0] == 0
    assert project.perfstress("promote", "shop").returncode == 0
    (project.root / "regressions" / "half").mkdir()
    replayed = project.perfstress("replay", "--json")
    assert replayed.returncode == 2, replayed.stderr
    verdicts = {one["name"]: one["verdict"] for one in json.loads(replayed.stdout)["entries"]}
    assert verdicts == {"half": "ERROR", "shop": "PASS"}


def test_an_entry_is_replayed_from_the_tier_on_that_it_was_promoted_to(project: Project) -> None:
    repository(project)
    assert project.verdict()[0] == 0
    assert project.perfstress("promote", "shop", "--tier", "full").returncode == 0
    smoke = json.loads(project.perfstress("replay", "--json").stdout)
    assert (smoke["entries"], [one["name"] for one in smoke["not_run"]]) == ([], ["shop"])
    full = json.loads(project.perfstress("replay", "--tier", "full", "--json").stdout)
    assert [one["name"] for one in full["entries"]] == ["shop"]
