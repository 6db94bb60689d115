"""Built environments: isolated, kept, made again when their folder changes, never half made."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from perfstress.errors import ExitCode, TargetError
from perfstress.protocols import Surroundings, Target
from perfstress.targets.build import build
from perfstress.targets.launch import Built
from tests.support.small import example

pytestmark = pytest.mark.live
Make = Callable[..., Target]

# A line for every time that a build really ran.
COUNTED = ["sh", "-c", "echo built >> ../../../count; echo product > made.txt"]


def run(around: Surroundings, spec: dict[str, Any], cwd: str = "service") -> Built:
    return build(example(target={"command": ["x"], "cwd": cwd, "build": spec}), around)


def count(around: Surroundings) -> int:
    file = around.cache / "count"
    return len(file.read_text().splitlines()) if file.exists() else 0


@pytest.fixture(autouse=True)
def service(around: Surroundings) -> Path:
    """The target's folder in a git repository, one file committed."""
    folder = around.root / "service"
    folder.mkdir()
    (folder / "main.txt").write_text("1\n")
    (around.root / ".gitignore").write_text("*.tmp\n")
    for words in (["init", "-q"], ["add", "."]):
        subprocess.run(["git", *words], cwd=around.root, check=True)
    return folder


class TestKept:
    def test_built_once_for_each_state_of_the_folder(
        self, around: Surroundings, service: Path
    ) -> None:
        spec = {"run": COUNTED}
        first = run(around, spec)
        assert first.seconds is not None
        assert first.cwd is not None
        assert (first.cwd / "made.txt").read_text() == "product\n"
        assert (first.cwd / "main.txt").read_text() == "1\n"
        assert not (service / "made.txt").exists()
        again = run(around, spec)
        assert (again.seconds, again.cwd) == (None, first.cwd)
        (service / "ignored.tmp").write_text("x")
        (around.root / "elsewhere.txt").write_text("x")
        assert run(around, spec).seconds is None
        assert count(around) == 1

        (service / "main.txt").write_text("2\n")  # not committed
        assert run(around, spec).seconds is not None
        (service / "new.txt").write_text("x")  # not even tracked
        changed = run(around, spec)
        assert changed.seconds is not None
        assert changed.cwd is not None
        assert (changed.cwd / "new.txt").exists()
        (service / "main.txt").write_text("1\n")
        (service / "new.txt").unlink()
        assert run(around, spec).cwd == first.cwd
        assert count(around) == 3

    def test_a_value_of_the_environment_is_put_in_and_is_another_build(
        self, around: Surroundings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        spec = {"run": ["sh", "-c", "echo ${env:RELEASE:-mended} > which.txt"]}
        default = run(around, spec)
        monkeypatch.setenv("RELEASE", "defective")
        other = run(around, spec)
        assert default.cwd is not None
        assert other.cwd is not None
        assert (default.cwd / "which.txt").read_text() == "mended\n"
        assert (other.cwd / "which.txt").read_text() == "defective\n"
        monkeypatch.delenv("RELEASE")
        assert run(around, spec).cwd == default.cwd

    def test_another_command_is_another_build(self, around: Surroundings) -> None:
        run(around, {"run": COUNTED})
        run(around, {"run": [*COUNTED, "x"]})
        run(around, {"run": COUNTED, "within": "1m"})
        assert count(around) == 2

    def test_outside_git_too(self, around: Surroundings, service: Path) -> None:
        shutil.rmtree(around.root / ".git")
        run(around, {"run": COUNTED})
        run(around, {"run": COUNTED})
        (service / "main.txt").write_text("2\n")
        run(around, {"run": COUNTED})
        assert count(around) == 2

    def test_two_at_once_build_once(self, around: Surroundings) -> None:
        spec = {"run": ["sh", "-c", "sleep 0.3; " + COUNTED[2]]}
        found: list[Built] = []
        threads = [threading.Thread(target=lambda: found.append(run(around, spec))) for _ in "abc"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert count(around) == 1
        assert sorted(built.seconds is None for built in found) == [False, True, True]

    def test_a_build_that_was_cut_off_is_made_again(self, around: Surroundings) -> None:
        built = run(around, {"run": COUNTED})
        (around.cache / "builds" / built.key / "built.json").unlink()
        assert run(around, {"run": COUNTED}).seconds is not None
        assert count(around) == 2


class TestBroken:
    def refused(self, around: Surroundings, spec: dict[str, Any]) -> TargetError:
        with pytest.raises(TargetError) as raised:
            run(around, spec)
        assert raised.value.exit_code is ExitCode.TARGET
        return raised.value

    def test_told_with_its_last_lines_and_not_kept(self, around: Surroundings) -> None:
        flag = around.cache / "flag"
        spec = {"run": ["sh", "-c", f"echo no compiler; test -e {flag}"]}
        error = self.refused(around, spec)
        assert error.slug == "build-failed"
        assert "exited with code 1" in error.message
        assert "| no compiler" in error.message
        flag.touch()
        assert run(around, spec).seconds is not None

    def test_takes_too_long(self, around: Surroundings) -> None:
        error = self.refused(around, {"run": ["sh", "-c", "echo on; sleep 60"], "within": "300ms"})
        assert error.slug == "build-too-slow"
        assert "longer than 300ms" in error.message

    def test_no_such_command(self, around: Surroundings) -> None:
        assert self.refused(around, {"run": ["no-such-builder"]}).slug == "cannot-start"

    def test_no_such_folder(self, around: Surroundings) -> None:
        with pytest.raises(TargetError) as raised:
            run(around, {"run": ["true"]}, cwd="nowhere")
        assert raised.value.slug == "missing-cwd"


class TestVirtualEnvironment:
    def test_what_it_installs_is_found_by_the_target(
        self, make: Make, around: Surroundings, service: Path
    ) -> None:
        # Installs by hand what pip would: a module, and a program; and warns as pip does.
        (service / "install.py").write_text(
            "import os, sys, sysconfig\n"
            "print('WARNING: Running pip as root', file=sys.stderr)\n"
            "open(sysconfig.get_path('purelib') + '/installed.py', 'w').write('WHO = 1')\n"
            "tool = sysconfig.get_path('scripts') + '/tool'\n"
            "open(tool, 'w').write('#!/bin/sh\\nexec python \"$@\"\\n')\n"
            "os.chmod(tool, 0o755)\n"
        )
        code = "import installed, sys, time; print('at', sys.executable); time.sleep(60)"
        target = make(
            target={
                "build": {"run": ["python", "install.py"], "into": "venv"},
                "command": ["tool", "-c", code],
                "cwd": "service",
                "ready": {"log": "at "},
            }
        )
        target.start()
        target.wait_ready()
        facts = target.facts()
        venv = around.cache / "builds" / facts["build"] / "venv"
        assert target.log_tail() == [f"at {venv}/bin/python"]
        assert facts["build_s"] > 0
        assert Path(target.values["python"]).parent == venv / "bin"
        kept = json.loads((venv.parent / "built.json").read_text())
        assert kept["spec"]["into"] == "venv"
        assert sys.executable != target.values["python"]


class TestNodeModules:
    def test_the_target_runs_where_they_are(
        self, make: Make, around: Surroundings, service: Path
    ) -> None:
        if not shutil.which("node"):
            pytest.skip("install node (Debian: apt install nodejs)")
        (service / "main.js").write_text(
            "console.log('with', require('dep')); setTimeout(() => {}, 60000);"
        )
        script = "mkdir -p node_modules/dep; echo 'module.exports = 42' > node_modules/dep/index.js"
        target = make(
            target={
                "build": {"run": ["sh", "-c", script], "into": "node_modules"},
                "command": ["node", "main.js"],
                "cwd": "service",
                "ready": {"log": "with 42"},
            }
        )
        target.start()
        target.wait_ready()
        assert not (service / "node_modules").exists()
