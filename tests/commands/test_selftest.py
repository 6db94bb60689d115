"""The self-test: what it finds, what it says of what it misses, and that it leaves nothing."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from perfstress.commands.selftest import selftest as command
from perfstress.selftest import AMPLIFIED, CASES, SERVERS, Case, asking, try_all
from perfstress.selftest.trial import _answer, _known
from perfstress.verdict import FINDING_CLASSES
from tests.live.test_finding_services import serves
from tests.support.cluster import HINT, binaries, cluster
from tests.support.project import heed_interrupts
from tests.support.waiting import wait_for

NOBODY = {
    "PERFSTRESS_SELFTEST_POSTGRES": "postgresql://shop:pw-canary@127.0.0.1:1/shop",
    "PERFSTRESS_SELFTEST_REDIS": "redis://127.0.0.1:1",
}
ASKING = [asking(server) for server in SERVERS]


def selftest(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "perfstress", "selftest", *words],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, **env},
    )


def test_every_finding_class_is_tried_once() -> None:
    for last in ASKING:
        tried = [kind for case in (*CASES, last) for kind in case.classes]
        assert sorted(tried) == sorted(FINDING_CLASSES)


@pytest.mark.parametrize("case", [*CASES, *ASKING], ids=[case.name for case in (*CASES, *ASKING)])
def test_every_example_is_a_valid_one(case: Case, tmp_path: Path) -> None:
    for defect in ("", *case.defects):
        file = tmp_path / f"{case.name}.yaml"
        file.write_text(json.dumps(case.example(defect)))
        told = subprocess.run(
            [sys.executable, "-m", "perfstress", "lint", str(file)],
            capture_output=True,
            text=True,
            cwd=tmp_path,
        )
        assert told.returncode == 0, told.stdout


def test_a_class_that_cannot_be_tried_is_refused() -> None:
    refused = {"nonsense": "is not a finding class", AMPLIFIED: "no server here counts"}
    for kind, said in refused.items():
        answer = selftest("--only", kind, **NOBODY)
        assert answer.returncode == 2
        assert "[bad-class]" in answer.stderr
        assert said in answer.stderr


def test_a_class_without_its_server_is_told_as_not_tried_with_what_to_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, address in NOBODY.items():
        monkeypatch.setenv(name, address)
    out, err = io.StringIO(), io.StringIO()
    code = command([], as_json=False, out=out, err=err, cases=())
    assert code == 0
    [line, total] = out.getvalue().splitlines()
    assert line.startswith("work-amplification   not tried: no server here counts what it is asked")
    for said in ("postgres at 127.0.0.1:1: ", "redis at 127.0.0.1:1: ", "redis-server --port 6379"):
        assert said in line
    assert "pw-canary" not in line
    assert total.startswith("0 of 0 classes found with a clean twin, 1 not tried")


def test_what_is_told_and_left_open_is_unclear_and_what_is_not_told_is_missed() -> None:
    """As a busy machine makes it: a knee without a criterion that could be judged."""
    climb = next(case for case in CASES if case.name == "climb")
    knee = {"text": "knee >= 150/s", "outcome": "INCONCLUSIVE", "seen": "90/s; others used a core"}
    verdict = {
        "verdict": "FAIL",
        "reasons": ["every answer was a timeout"],
        "findings": [{"class": "hang", "fails": True}, {"class": "knee", "fails": False}],
        "checks": [knee],
    }
    twin = {"verdict": "PASS", "reasons": [], "findings": [], "checks": []}
    answers = {
        ("climb", defect): _answer(climb, defect, code, json.dumps(said), "", 1.0)
        for defect, code, said in (("queue", 1, verdict), ("", 0, twin))
    }
    jobs = [(climb, "queue", climb.classes), (climb, "", ())]
    found = {result.kind: result for result in _known(climb, jobs, answers, ())}
    assert (found["knee"].found, found["knee"].is_wrong) == (None, False)
    assert "left open: knee >= 150/s: 90/s; others used a core" in found["knee"].why
    assert found["throughput-collapse"].is_wrong
    verdict["checks"] = []
    answers["climb", "queue"] = _answer(climb, "queue", 1, json.dumps(verdict), "", 1.0)
    assert _known(climb, jobs, answers, ())[0].is_wrong


@pytest.mark.live
@pytest.mark.slow
@pytest.mark.skipif(not serves(6379), reason="apt install redis-server")
def test_amplified_work_is_found_where_redis_counts() -> None:
    nobody = {"PERFSTRESS_SELFTEST_POSTGRES": NOBODY["PERFSTRESS_SELFTEST_POSTGRES"]}
    _found_with_a_clean_twin("asking-redis", **nobody)


@pytest.mark.live
@pytest.mark.slow
@pytest.mark.skipif(binaries() is None, reason=HINT)
def test_amplified_work_is_found_where_postgres_counts() -> None:
    with cluster() as dsn:
        _found_with_a_clean_twin("asking-postgres", PERFSTRESS_SELFTEST_POSTGRES=dsn)


def _found_with_a_clean_twin(case: str, **env: str) -> None:
    answer = selftest("--only", AMPLIFIED, "--json", **env)
    assert answer.returncode == 0, answer.stderr
    [one] = json.loads(answer.stdout)["classes"]
    assert (one["kind"], one["found"], one["clean"], one["case"]) == (AMPLIFIED, True, True, case)


@pytest.mark.live
def test_one_class_is_found_and_told_as_data() -> None:
    answer = selftest("--only", "crash", "--json")
    assert answer.returncode == 0, answer.stderr
    told = json.loads(answer.stdout)
    assert told["held"] is True
    [one] = told["classes"]
    assert (one["kind"], one["found"], one["clean"], one["case"]) == ("crash", True, True, "load")


@pytest.mark.live
@pytest.mark.slow  # two soaks and their twins
def test_what_is_missed_and_a_twin_that_is_not_clean_do_not_hold(tmp_path: Path) -> None:
    load = next(case for case in CASES if case.name == "load")
    harmless = dataclasses.replace(load, defects={"harmless": ("crash",)})
    dirty = dataclasses.replace(load, name="load", defects={"crash": ("crash",)})
    document = dict(load.document)
    document["success"] = ["ok.count == 0"]
    dirty = dataclasses.replace(dirty, document=document)
    for case, found, clean in ((harmless, False, True), (dirty, True, False)):
        folder = tmp_path / f"{found}"
        [result] = try_all([case], [], folder, lambda result: None)
        assert (result.found, result.clean, result.held) == (found, clean, False)
        assert result.why


@pytest.mark.live
def test_ctrl_c_leaves_no_target_and_no_run(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "perfstress", "selftest", "--only", "no-recovery"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_interrupts,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    me = psutil.Process(process.pid)

    def started() -> list[psutil.Process]:
        found = []
        for one in me.children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                found += [one] if "shop.py" in " ".join(one.cmdline()) else []
        return found

    try:
        targets = wait_for(started, within_s=30)
        below = me.children(recursive=True)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    assert out == ""  # a run that was interrupted is no class that was missed
    _, alive = psutil.wait_procs([*targets, *below], timeout=15)
    assert alive == []
    assert list(tmp_path.iterdir()) == []
