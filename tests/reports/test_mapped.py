"""The map as a page and as a picture: whole, sound, and in need of nothing from elsewhere."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from perfstress.reports import mapped
from perfstress.shapemap.regions import gaps_of, states_of
from perfstress.shapemap.targets import Stressed, gathered
from tests.reports.test_html import Outline
from tests.shapemap.made import http, made
from tests.shapemap.made import mapped as placed

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def targets() -> list[Stressed]:
    return gathered(
        [
            placed(made("price-loop"), visited=True),
            placed(made("price-spike", kind="spike")),
            placed(http("shop-ordinary"), visited=True),
        ]
    )


def drawn(targets: list[Stressed]) -> tuple[str, str]:
    states = {target.name: states_of(target) for target in targets}
    gaps = [gap for target in targets for gap in gaps_of(target, states[target.name])]
    return mapped.page(targets, states, gaps), mapped.svg(targets, states)


def test_the_page_tells_every_target_example_and_region(targets: list[Stressed]) -> None:
    outline = Outline(drawn(targets)[0])
    for word in ("pricing:op", "python -m shop", "price-loop", "price-spike", "shop-ordinary"):
        assert word in outline.text
    cells = [
        attributes for tag, attributes in outline.elements if tag == "td" and "title" in attributes
    ]
    regions = [one for one in cells if one.get("class") in ("visited", "drafted", "empty")]
    assert len(regions) == sum(len(states_of(target)) for target in targets)
    assert "What nobody has visited" in outline.text


def test_neither_needs_anything_from_elsewhere(targets: list[Stressed]) -> None:
    for text in drawn(targets):
        assert "<script" not in text
        links = re.findall(r"(?:src|href)=\"([^\"]*)\"", text)
        assert set(links) <= {"data:,"}
        assert "url(" not in text


def test_the_picture_is_sound_and_all_of_it_lies_inside(targets: list[Stressed]) -> None:
    root = ET.fromstring(drawn(targets)[1])
    height = float(root.attrib["height"])
    ends = [
        float(group.attrib["transform"].split()[1].rstrip(")")) for group in root.findall(f"{SVG}g")
    ]
    assert ends == sorted(ends)
    assert ends[-1] < height
    told = "".join(root.itertext())
    assert "python -m shop" in told


def test_a_hostile_title_stays_text() -> None:
    hostile = "</title><script>alert(1)</script>"
    targets = gathered([placed(made("one", title=hostile))])
    page, svg = drawn(targets)
    assert "<script" not in page + svg
    assert hostile in Outline(page).text


def test_without_a_target_the_page_says_so() -> None:
    page, svg = drawn([])
    assert "There are no worked examples here." in page
    ET.fromstring(svg)


def test_the_same_map_gives_the_same_bytes(targets: list[Stressed]) -> None:
    assert drawn(targets) == drawn(targets)
