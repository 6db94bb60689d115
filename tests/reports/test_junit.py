"""JUnit XML, read back by a parser."""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path
from xml.etree import ElementTree

import pytest

from perfstress import runfile
from perfstress.reports import REPORTS
from perfstress.run import Run
from perfstress.verdict import Verdict
from tests.support import synthetic
from tests.support.verdicts import DESCRIPTORS, FAILED, PASSED, UNREAL


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return runfile.read(synthetic.empty(tmp_path / "run"))


def suite_of(verdict: Verdict, run: Run) -> ElementTree.Element:
    out = io.StringIO()
    REPORTS["junit"](verdict, run, out)
    return ElementTree.fromstring(out.getvalue().encode())


def test_a_pass_is_cases_without_failure(run: Run) -> None:
    suite = suite_of(PASSED, run)
    assert suite.attrib["name"] == "checkout-soak"
    assert (suite.attrib["tests"], suite.attrib["failures"], suite.attrib["errors"]) == (
        "3",
        "0",
        "0",
    )
    assert [case.attrib["name"] for case in suite] == [
        "verdict",
        "errors.rate < 0.1%",
        "growth == none",
    ]


def test_a_reduced_run_does_not_look_like_a_full_one(run: Run) -> None:
    suite = suite_of(dataclasses.replace(PASSED, reduced=True), run)
    assert suite.attrib["name"] == "checkout-soak (REDUCED)"
    assert suite.find("testcase[@name='verdict (REDUCED)']") is not None
    assert suite.find("testcase[@name='verdict']") is None


def test_what_failed_and_what_is_unclear_differ(run: Run) -> None:
    suite = suite_of(FAILED, run)
    # The verdict, the broken condition, the finding; one condition could not be judged.
    assert (suite.attrib["failures"], suite.attrib["errors"]) == ("3", "1")
    finding = suite.find("testcase[@name='fd-growth of fds']/failure")
    assert finding is not None
    assert finding.attrib["message"] == DESCRIPTORS.summary
    assert "CLOSE_WAIT" in str(finding.text)
    assert suite.find("testcase[@name='memory-growth of memory']") is None  # it does not fail


def test_an_inconclusive_run_does_not_look_like_success(run: Run) -> None:
    suite = suite_of(UNREAL, run)
    error = suite.find("testcase[@name='verdict (REDUCED)']/error")
    assert error is not None
    assert "the load was not real" in error.attrib["message"]
    assert suite.attrib["errors"] == "1"


def test_what_xml_cannot_hold_is_replaced(run: Run) -> None:
    nasty = dataclasses.replace(
        DESCRIPTORS, summary="\x00\x1b[31m<&>\"']]>\ud800", diagnosis="\x07"
    )
    suite = suite_of(dataclasses.replace(FAILED, findings=(nasty,)), run)
    failure = suite.find("testcase[@name='fd-growth of fds']/failure")
    assert failure is not None
    assert failure.attrib["message"] == "��[31m<&>\"']]>�"
