"""What came of a replay as JUnit XML: a case for each entry, those that were not run as skipped."""

from __future__ import annotations

from typing import TextIO
from xml.etree import ElementTree

from perfstress.replaying.results import Replayed, Summary
from perfstress.reports.junit import as_xml_text

CLASS = "perfstress.regressions"


def report(summary: Summary, out: TextIO) -> None:
    """Write one suite. What is INCONCLUSIVE or could not be run is an error: it must not look like
    success.
    """
    suite = ElementTree.Element("testsuite", name=f"perfstress replay {summary.plan.wanted.tier}")
    for result in summary.results:
        _case(suite, result)
    for left in summary.left_out:
        case = ElementTree.SubElement(
            suite, "testcase", name=as_xml_text(left.name), classname=CLASS, time="0"
        )
        ElementTree.SubElement(case, "skipped", message=as_xml_text(left.why))
    kinds = (("tests", "testcase"), ("failures", "failure"), ("errors", "error"))
    for kind, element in (*kinds, ("skipped", "skipped")):
        suite.set(kind, str(sum(1 for _ in suite.iter(element))))
    suite.set("time", f"{summary.seconds:.1f}")
    ElementTree.indent(suite)
    out.write('<?xml version="1.0" encoding="utf-8"?>\n')
    out.write(ElementTree.tostring(suite, encoding="unicode") + "\n")


def _case(suite: ElementTree.Element, result: Replayed) -> None:
    case = ElementTree.SubElement(
        suite,
        "testcase",
        name=as_xml_text(result.name),
        classname=CLASS,
        time=f"{result.seconds:.1f}",
    )
    sentences = [sentence for sentence in result.told if sentence != result.retried]
    if result.verdict != "PASS":
        element = "failure" if result.verdict == "FAIL" else "error"
        told = ElementTree.SubElement(
            case,
            element,
            message=as_xml_text(sentences[0] if sentences else result.verdict),
            type=result.verdict,
        )
        told.text = as_xml_text("\n".join([*sentences, *filter(None, (result.hint, result.run))]))
    if result.retried:
        ElementTree.SubElement(case, "system-out").text = as_xml_text(result.retried)
