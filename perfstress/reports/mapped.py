"""The map of shapes for a browser: a page that needs no network, or one picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from perfstress.reports.rendering import render
from perfstress.shapemap import words
from perfstress.shapemap.drawing import cell_of
from perfstress.shapemap.picture import Picture, legend, picture
from perfstress.shapemap.regions import CORNERS, Corner, Gap, Region, RegionState
from perfstress.shapemap.targets import Stressed

States = Mapping[str, Mapping[Region, RegionState]]

GAPS = 20
SVG_WIDTH = 1300
_GRID_ROW, _HEAD, _FOOT = 24, 60, 40


def page(targets: Sequence[Stressed], states: States, gaps: Sequence[Gap]) -> str:
    """The page of the map: the gaps, then every target with its axes, its grid and its examples."""
    every = [state for held in states.values() for state in held.values()]
    return render(
        "map.html",
        summary=f"{every.count('visited')} of {len(every)} regions of production visited, in "
        f"{len(targets)} target{'' if len(targets) == 1 else 's'}",
        targets=[_target(target, states[target.name]) for target in targets],
        gaps=[
            {
                "target": gap.target.name,
                "asked": words.asked(gap.region, gap.target.envelope),
                "classes": words.classes(gap.region.classes),
            }
            for gap in gaps[:GAPS]
        ],
        more=max(0, len(gaps) - GAPS),
    )


def svg(targets: Sequence[Stressed], states: States) -> str:
    """The targets below each other, as one picture."""
    drawn, at = [], 16
    for target in targets:
        one = _target(target, states[target.name])
        drawing: Picture = one["picture"]
        height = _HEAD + max(round(drawing.height), 36 + _GRID_ROW * len(one["rows"])) + _FOOT
        drawn.append({**one, "at": at, "height": height})
        at += height
    return render("map.svg", targets=drawn, width=SVG_WIDTH, height=at)


def _target(target: Stressed, states: Mapping[Region, RegionState]) -> dict[str, Any]:
    held = list(states.values())
    told = f"{held.count('visited')} of {len(held)} regions visited"
    corners = [one for one in CORNERS if "size" not in one or target.envelope.sizes]
    signs = legend(target)
    return {
        "name": target.name,
        "phases": ", ".join(target.phases) or "no phase",
        "told": told,
        "production": words.production(target.envelope),
        "picture": picture(target),
        "orderings": target.orderings,
        "rows": [_row(target, states, one) for one in corners],
        "legend": signs,
        "key": " · ".join(f"{one['sign']} {one['name']}".strip() for one in signs[:12]),
    }


def _row(target: Stressed, states: Mapping[Region, RegionState], of: Corner) -> dict[str, Any]:
    return {
        "label": words.corner(of),
        "cells": [
            {
                "state": cell_of(states, of, ordering),
                "title": _title(target, states, of, ordering),
            }
            for ordering in target.orderings
        ],
    }


def _title(
    target: Stressed, states: Mapping[Region, RegionState], of: Corner, ordering: str
) -> str:
    """What a cell says when it is pointed at: what it asks for, and who was there."""
    regions = [one for one in states if one.corner == of and one.ordering == ordering]
    asked = words.asked(regions[0], target.envelope)
    been = [
        name
        for name, every in target.visited.items()
        if any(region.holds(shares) for region in regions for shares in every)
    ]
    return f"{asked}: {words.classes(been) or 'nobody was there'}"
