"""What every test may ask for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.golden import Golden


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--update-golden`` writes what was seen as the new expectation."""
    parser.addoption("--update-golden", action="store_true", help="accept what golden tests saw")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Compares text with a file below ``tests/golden``."""
    return Golden(Path(__file__).parent / "golden", bool(request.config.option.update_golden))
