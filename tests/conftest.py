"""What every test may ask for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support.golden import Golden
from tests.support.victim import Victim

# A busy machine is no failure of a law: nothing in the suite is timed.
settings.register_profile("perfstress", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("perfstress")


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--update-golden`` writes what was seen as the new expectation."""
    parser.addoption("--update-golden", action="store_true", help="accept what golden tests saw")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Compares text with a file below ``tests/golden``."""
    return Golden(Path(__file__).parent / "golden", bool(request.config.option.update_golden))


@pytest.fixture
def victim() -> Iterator[Victim]:
    """A process that does what it is told to."""
    with Victim() as victim:
        yield victim
