"""The library as tests of pytest, in sessions of their own."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys

import pytest
import yaml

from perfstress.replaying import plan
from tests.support.entries import entry

pytest_plugins = ["pytester"]

# numpy cannot be imported twice in a process, as sessions inside this one would do.
assert plan

PLUGIN = ("-p", "perfstress.pytest_plugin", "-p", "no:cacheprovider")


@pytest.fixture
def library(pytester: pytest.Pytester) -> pytest.Pytester:
    """A project with one ordinary test and no entry yet."""
    (pytester.path / ".git").mkdir()
    pytester.makepyfile(test_own="def test_own():\n    pass\n")
    return pytester


@pytest.mark.live
def test_each_verdict_is_an_outcome(library: pytest.Pytester) -> None:
    entry(library.path, "good")
    entry(library.path, "bad", code=3)
    (entry(library.path, "changed") / "example.yaml").write_text("perfstress: 1\n")
    entry(library.path, "long", seconds=900.0)
    done = library.runpytest_subprocess(*PLUGIN, "--perfstress", "--junitxml=told.xml", "-ra")
    done.assert_outcomes(passed=2, failed=1, errors=1)
    done.stdout.fnmatch_lines(["perfstress: 3 entries of regressions/ in tier smoke"])
    done.stdout.fnmatch_lines(["bad: FAIL", "*perfstress report .perfstress/runs/bad/*"])
    done.stdout.fnmatch_lines(["changed: ERROR", "*not what was promoted*"])
    assert "Traceback" not in done.stdout.str()
    told = (library.path / "told.xml").read_text()
    assert 'failures="1"' in told
    assert 'errors="1"' in told
    assert "bad: FAIL" in told


@pytest.mark.live
def test_what_is_open_is_skipped_with_its_reason(library: pytest.Pytester) -> None:
    folder = entry(library.path, "open")
    document = yaml.safe_load((folder / "example.yaml").read_text())
    document["success"].append("growth == none")
    text = yaml.safe_dump(document)
    (folder / "example.yaml").write_text(text)
    baseline = json.loads((folder / "baseline.json").read_text())
    baseline["files"]["example.yaml"] = hashlib.sha256(text.encode()).hexdigest()
    (folder / "baseline.json").write_text(json.dumps(baseline))
    words = ("--perfstress-retries", "0", "-rs", "--perfstress=smoke")
    done = library.runpytest_subprocess(*PLUGIN, *words, "regressions")
    done.assert_outcomes(skipped=1)
    done.stdout.fnmatch_lines(["SKIPPED*INCONCLUSIVE: growth == none*"])


def test_what_is_asked_for_is_collected(library: pytest.Pytester) -> None:
    for name in ("one", "two", "three"):
        entry(library.path, name)
    entry(library.path, "long", seconds=900.0)

    def collected(*words: str) -> set[str]:
        done = library.runpytest_inprocess(*PLUGIN, "--collect-only", "-q", *words)
        return {line.rsplit("::", 1)[1] for line in done.outlines if "::" in line}

    own = {"test_own"}
    assert collected() == own
    assert collected("--perfstress") == own | {"one", "two", "three"}
    assert collected("--perfstress=full") == own | {"one", "two", "three", "long"}
    assert collected("--perfstress", "-k", "two or three") == {"two", "three"}
    assert collected("--perfstress", "-m", "perfstress") == {"one", "two", "three"}
    assert collected("regressions/two", "--perfstress") == {"two"}
    assert collected("test_own.py", "--perfstress=smoke") == own
    assert collected("regressions") == set()


def test_a_tier_that_is_none_is_a_usage_error(library: pytest.Pytester) -> None:
    done = library.runpytest_subprocess(*PLUGIN, "--perfstress=all")
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines(["*invalid choice: 'all'*"])


def test_without_the_option_nothing_is_imported() -> None:
    code = (
        "import sys, pytest, perfstress.pytest_plugin;"
        "print([name for name in sys.modules if name.split('.')[0] in"
        " ('numpy', 'psutil', 'pydantic', 'git') or name.startswith('perfstress.')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['perfstress.version', 'perfstress.pytest_plugin']"
