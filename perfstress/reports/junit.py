"""A verdict as JUnit XML, for the test views of CI: a case for each condition and finding."""

from __future__ import annotations

import re
from typing import TextIO
from xml.etree import ElementTree

from perfstress import telling
from perfstress.run import Run
from perfstress.verdict import Outcome, Verdict

# Control characters, half pairs and the like, which XML 1.0 cannot hold even when escaped.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def report(verdict: Verdict, run: Run, out: TextIO) -> None:
    """Write one suite. An unclear condition, and an INCONCLUSIVE verdict, is an error, as it is for
    the exit code: what was not shown must not look like success. For the same reason the names of
    the suite and of the verdict say when the run was no full one.
    """
    label = " (REDUCED)" if verdict.reduced else ""
    label += " (PLANTED)" if verdict.planted else ""
    suite = ElementTree.Element("testsuite", name=as_xml_text(verdict.example + label))
    _case(suite, verdict, "verdict" + label, *_of_verdict(verdict))
    for check in verdict.checks:
        element = {Outcome.FAIL: "failure", Outcome.INCONCLUSIVE: "error"}.get(check.outcome, "")
        _case(suite, verdict, check.text, element, check.seen)
    for finding in telling.in_order(verdict.findings):
        if finding.fails:
            name = f"{finding.kind} of {finding.resource}"
            details = [telling.growth(finding), telling.exhaustion(finding), finding.diagnosis]
            _case(
                suite, verdict, name, "failure", finding.summary, "\n".join(filter(None, details))
            )
    for kind, element in (("tests", "testcase"), ("failures", "failure"), ("errors", "error")):
        suite.set(kind, str(sum(1 for _ in suite.iter(element))))
    if run.samples:
        suite.set("time", f"{max(0.0, run.samples[-1].t_s):.1f}")
    suite.set("timestamp", as_xml_text(run.manifest.zero))
    ElementTree.indent(suite)
    out.write('<?xml version="1.0" encoding="utf-8"?>\n')
    out.write(ElementTree.tostring(suite, encoding="unicode") + "\n")


def _of_verdict(verdict: Verdict) -> tuple[str, str]:
    if verdict.outcome is Outcome.INCONCLUSIVE:
        return "error", "; ".join(verdict.reasons)
    return ("failure", "; ".join(verdict.reasons)) if verdict.outcome is Outcome.FAIL else ("", "")


def _case(
    suite: ElementTree.Element,
    verdict: Verdict,
    name: str,
    element: str,
    message: str,
    details: str = "",
) -> None:
    """One test case; ``element`` is failure, error or empty."""
    classname = f"perfstress.{verdict.example}"
    case = ElementTree.SubElement(
        suite, "testcase", name=as_xml_text(name), classname=as_xml_text(classname)
    )
    if element:
        told = ElementTree.SubElement(
            case, element, message=as_xml_text(message), type=verdict.outcome.value
        )
        told.text = as_xml_text(details) or None


def as_xml_text(text: str) -> str:
    """Text without the characters that XML cannot hold."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
