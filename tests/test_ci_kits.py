"""The kits for CI: their form is what their service knows, and their scripts do what they say."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.entries import entry

ROOT = Path(__file__).parents[1]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
WORKFLOW = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
GITLAB = yaml.safe_load((ROOT / "docs" / "ci" / "perfstress.gitlab-ci.yml").read_text())
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
GUIDE = (ROOT / "docs" / "ci.md").read_text()


def steps() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = list(ACTION["runs"]["steps"])
    return found


def scripts() -> Iterator[tuple[str, str]]:
    """Every piece of shell that a kit holds."""
    for step in steps():
        if "run" in step:
            yield f"action: {step['name']}", step["run"]
    for name, job in WORKFLOW["jobs"].items():
        for step in job["steps"]:
            if "run" in step:
                yield f"workflow: {name}", step["run"]
    for part in ("before_script", "script"):
        for number, text in enumerate(GITLAB[".perfstress"][part]):
            yield f"gitlab: {part} {number}", text


@pytest.mark.parametrize(
    ("name", "text"), list(scripts()), ids=lambda text: text.splitlines()[0][:40]
)
def test_every_script_is_bash(name: str, text: str) -> None:
    done = subprocess.run(["bash", "-n"], input=text, text=True, capture_output=True)
    assert done.returncode == 0, f"{name}: {done.stderr}"
    assert "${{" not in text, "what comes from outside goes through the environment, not the script"


# ---------------------------------------------------------------- GitHub
def test_the_action_uses_every_input_and_no_other() -> None:
    text = (ROOT / "action.yml").read_text()
    assert ACTION["runs"]["using"] == "composite"
    assert set(re.findall(r"\$\{\{ inputs\.([a-z-]+) \}\}", text)) == set(ACTION["inputs"])
    for name, given in ACTION["inputs"].items():
        assert set(given) == {"description", "default"}, name
    for step in steps():
        assert ("run" in step) != ("uses" in step)
        assert step.get("shell", "bash") == "bash"
        assert "run" not in step or "shell" in step, "a composite action names its shells"
    assert {"id", "steps.replay.outputs.verdict"} <= {
        *steps()[1],
        *re.findall(r"steps[\w.]+", text),
    }


def test_the_guide_tells_every_input() -> None:
    table = GUIDE.partition("| input |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `([a-z-]+)` \|", table, re.MULTILINE) == list(ACTION["inputs"])
    blocks = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)
    used = yaml.safe_load(blocks[0])["jobs"]["perfstress"]["steps"][-1]["with"]
    assert set(used) <= set(ACTION["inputs"])
    assert yaml.safe_load(blocks[1])["repos"][0]["hooks"] == [{"id": HOOKS[0]["id"]}]


def test_the_workflow_checks_every_python_that_is_promised() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    promised = [
        line.rsplit(" ", 1)[1] for line in project["classifiers"] if ":: Python :: 3." in line
    ]
    jobs = WORKFLOW["jobs"]
    assert jobs["check"]["strategy"]["matrix"]["python"] == promised
    assert os.access(ROOT / jobs["check"]["steps"][-1]["run"], os.X_OK)
    nightly = jobs["nightly"]["steps"][-1]
    assert nightly["uses"] == "./"
    assert set(nightly["with"]) <= set(ACTION["inputs"])
    for job in jobs.values():
        assert job["steps"][0]["with"]["fetch-depth"] == 0


def project(folder: Path, **entries: int) -> Path:
    """A repository with a library of batches that end with these codes."""
    for name, code in entries.items():
        entry(folder, name, code=code)
    (folder / ".gitignore").write_text(".perfstress/\n")
    who = ["-c", "user.name=a", "-c", "user.email=a@example.invalid"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "the library"]):
        subprocess.run(["git", *who, *words], cwd=folder, check=True)
    return folder


def runner(folder: Path, text: str, **given: str) -> subprocess.CompletedProcess[str]:
    """A script as a runner would call it, with the perfstress of these tests on its PATH."""
    own = folder.parent / "bin"
    own.mkdir(exist_ok=True)
    (own / "perfstress").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m perfstress "$@"\n')
    (own / "perfstress").chmod(0o755)
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    env |= {"PATH": f"{own}:{env['PATH']}", "PYTHONPATH": str(ROOT), "CI": "true", **given}
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", text],
        cwd=folder, env=env, text=True, capture_output=True,
    )  # fmt: skip


def replay_of_the_action(folder: Path, **given: str) -> subprocess.CompletedProcess[str]:
    step = steps()[1]
    inputs = {
        name: str(ACTION["inputs"][re.findall(r"inputs\.([a-z-]+)", value)[0]]["default"])
        for name, value in step["env"].items()
    }
    temporary = folder.parent
    files = {
        "RUNNER_TEMP": str(temporary),
        "GITHUB_STEP_SUMMARY": str(temporary / "summary"),
        "GITHUB_OUTPUT": str(temporary / "output"),
    }
    return runner(folder, step["run"], **{**inputs, **files, **given})


@pytest.mark.live
def test_the_action_replays_and_writes_the_summary(tmp_path: Path) -> None:
    folder = project(tmp_path / "shop", good=0, bad=3)
    done = replay_of_the_action(folder)
    assert done.returncode == 1, done.stderr
    assert (tmp_path / "output").read_text() == "verdict=FAIL\n"
    summary = (tmp_path / "summary").read_text()
    assert summary.startswith("## perfstress replay: FAIL")
    assert "bad" in summary
    verdicts = {
        one["name"]: one["verdict"]
        for one in json.loads((tmp_path / "perfstress" / "replay.json").read_text())["entries"]
    }
    assert verdicts == {"good": "PASS", "bad": "FAIL"}
    assert (tmp_path / "perfstress" / "junit.xml").read_text().startswith("<?xml")


@pytest.mark.live
def test_the_inputs_of_the_action_reach_the_replay(tmp_path: Path) -> None:
    folder = project(tmp_path / "shop", good=0, bad=3)
    done = replay_of_the_action(
        folder, SHARD="1/1", BUDGET="10m", CHANGED_SINCE="HEAD", TIER="full"
    )
    assert done.returncode == 0, done.stderr
    told = json.loads((tmp_path / "perfstress" / "replay.json").read_text())
    assert [told["entries"], len(told["not_run"])] == [[], 2], "nothing has changed since HEAD"


@pytest.mark.parametrize(("what", "code"), [("fail", 125), ("warn", 0)])
def test_an_open_verdict_is_what_the_input_says(tmp_path: Path, what: str, code: int) -> None:
    folder = project(tmp_path / "shop", good=0)
    text = f"perfstress() {{ return 125; }}\n{steps()[1]['run']}"
    done = runner(
        folder, text, TIER="smoke", SHARD="", BUDGET="", CHANGED_SINCE="", AGAINST="",
        INCONCLUSIVE=what, RUNNER_TEMP=str(tmp_path),
        GITHUB_STEP_SUMMARY=str(tmp_path / "summary"), GITHUB_OUTPUT=str(tmp_path / "output"),
    )  # fmt: skip
    assert done.returncode == code
    assert (tmp_path / "output").read_text() == "verdict=INCONCLUSIVE\n"
    assert ("::warning::perfstress: INCONCLUSIVE" in done.stdout) is (what == "warn")


# ---------------------------------------------------------------- GitLab
def test_the_gitlab_jobs_stand_on_the_template() -> None:
    template = GITLAB[".perfstress"]
    assert template["variables"]["GIT_DEPTH"] == "0"
    known = {"image", "variables", "before_script", "script", "artifacts", "extends", "rules"}
    for name, job in GITLAB.items():
        assert set(job) <= known | {"parallel"}, name
        assert name.startswith(".") or job["extends"] == ".perfstress"
    written = set(re.findall(r"perfstress-reports/[\w.]+", "\n".join(template["script"])))
    assert template["artifacts"]["reports"]["junit"] in written


@pytest.mark.live
def test_the_gitlab_script_replays_its_shard(tmp_path: Path) -> None:
    folder = project(tmp_path / "shop", good=0, bad=3)
    template = GITLAB[".perfstress"]
    given = {name: str(value) for name, value in template["variables"].items()}
    text = "\n".join([*template["before_script"], *template["script"]])
    codes = [
        runner(folder, text, **given, CI_NODE_INDEX=index, CI_NODE_TOTAL="2").returncode
        for index in ("1", "2")
    ]
    assert sorted(codes) == [0, 1], "each shard has one of the two"
    reports = folder / "perfstress-reports"
    assert (reports / "junit.xml").is_file()
    assert "perfstress replay" in (reports / "summary.md").read_text()


# ---------------------------------------------------------------- pre-commit
def test_the_hook_is_run_by_pre_commit_itself(tmp_path: Path) -> None:
    pytest.importorskip("pre_commit", reason="pre-commit is not installed")
    command = [sys.executable, "-m", "pre_commit"]
    valid = [*command, "validate-manifest", str(ROOT / ".pre-commit-hooks.yaml")]
    assert subprocess.run(valid, check=False).returncode == 0
    folder = project(tmp_path / "shop", good=0)
    # Installed here already: an environment of its own would take minutes and a network.
    hook = {**HOOKS[0], "language": "system"}
    config = {"repos": [{"repo": "local", "hooks": [hook]}]}
    (folder / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))
    home = str(tmp_path / "cache")
    words = f'git add -A && "{sys.executable}" -m pre_commit run --all-files'
    paths = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = runner(folder, words, PRE_COMMIT_HOME=home, PYTHONPATH=paths)
    assert done.returncode == 0, done.stdout
    assert "Passed" in done.stdout
    broken = folder / "worked_examples" / "broken.yaml"
    broken.parent.mkdir()
    broken.write_text("perfstress: 2\n")
    done = runner(folder, words, PRE_COMMIT_HOME=home, PYTHONPATH=paths)
    assert done.returncode == 1, done.stdout
    assert "broken.yaml" in done.stdout


# ---------------------------------------------------------------- Docker
def test_the_image_is_small_in_rights_and_whole() -> None:
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    lines = [line.split(None, 1) for line in text.splitlines() if line and line[0] != "#"]
    stages = [index for index, (word, _) in enumerate(lines) if word == "FROM"]
    assert {word for word, _ in lines} == {
        "FROM", "COPY", "RUN", "USER", "WORKDIR", "HEALTHCHECK", "ENTRYPOINT", "CMD",
    }  # fmt: skip
    last = [(word, rest) for word, rest in lines[stages[-1] :]]
    told = dict(last)
    assert told["USER"] == "perfstress"
    assert "useradd" in " ".join(rest for word, rest in last if word == "RUN")
    assert told["HEALTHCHECK"] == "NONE"
    assert json.loads(told["ENTRYPOINT"]) == ["tini", "-g", "--", "perfstress"]
    assert json.loads(told["CMD"]) == ["--help"]
    for word, rest in lines:
        if word == "RUN":
            assert subprocess.run(["sh", "-n"], input=rest, text=True).returncode == 0, rest
    version = re.search(r"python:(3\.\d+)-slim", text)
    assert version is not None
    assert version[1] in WORKFLOW["jobs"]["check"]["strategy"]["matrix"]["python"]
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert "perfstress" not in ignored
