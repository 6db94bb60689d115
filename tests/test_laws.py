"""What laws do beyond the run: against the functions themselves."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from perfstress import laws
from perfstress.laws import design

EARLY = laws.BENDS[laws.BENDS < laws.LATE]
Function = Callable[[float, float], float]

SLOWING: list[tuple[int, np.ndarray, Function]] = [
    (laws.AT_SATURATING, laws.TAUS, lambda x, tau: 1 - float(np.exp(-x / tau))),
    (laws.AT_ROOT, laws.POWERS, lambda x, power: float(x**power)),
    (laws.AT_LOGARITHM, laws.LOGARITHMS, lambda x, scale: float(np.log1p(scale * x))),
    (laws.AT_HYPERBOLA, laws.HALVES, lambda x, half: x / (x + half)),
    (laws.AT_LATE_ROOT, EARLY, lambda x, begin: float(np.sqrt(x - begin))),
]
IDS = ["saturating", "root", "logarithm", "hyperbola", "root from a point on"]


@pytest.mark.parametrize(("first", "parameters", "law"), SLOWING, ids=IDS)
@pytest.mark.parametrize("runs", [0.5, 7.0, 300.0])
def test_what_slows_down_goes_as_far_as_its_function(first, parameters, law, runs):
    columns, _ = design(np.linspace(0, 1, 9))
    for at, parameter in enumerate(parameters):
        assert columns[-1, first + at] == pytest.approx(law(1.0, parameter))
        step = 1e-6
        slope = (law(1 + step, parameter) - law(1 - step, parameter)) / (2 * step)
        if slope < 1e-4:  # over by then; no difference can be taken of what is left
            continue
        further = law(1 + runs, parameter) - law(1.0, parameter)
        (gone,) = laws.ahead(np.array([first + at]), runs)
        assert gone == pytest.approx(further / slope, rel=1e-3)


def test_a_straight_line_goes_straight_on():
    assert laws.ahead(np.array([0, 3]), 12.0).tolist() == [12.0, 12.0]
