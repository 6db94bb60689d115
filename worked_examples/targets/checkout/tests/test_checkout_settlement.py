"""The nightly settlement, as a process of its own: that is how it is run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TARGETS = Path(__file__).resolve().parents[2]
EVENTS = """\
1764284400,000000000,m0002,payment,1000,EUR
1764284400,000000001,m0001,payment,99,EUR
1764284400,000000002,m0002,refund,250,EUR
1764284401,000000003,m0003,refund,1,EUR
"""


def settle(source: Path, destination: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "checkout.settlement", str(source), str(destination)]
    return subprocess.run(command, cwd=TARGETS, capture_output=True, text=True, check=False)


def test_the_totals_of_each_merchant(switched_on: frozenset[str], tmp_path: Path) -> None:
    source = tmp_path / "events.csv"
    source.write_text(EVENTS)
    done = settle(source, tmp_path / "settlement.csv")
    assert (done.returncode, done.stdout, done.stderr) == (0, "3 merchants settled\n", "")
    assert (tmp_path / "settlement.csv").read_text() == (
        "merchant,events,net_cents\nm0001,1,99\nm0002,2,750\nm0003,1,-1\n"
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["events.csv", "settlement.csv"]


def test_a_damaged_line_is_told_and_leaves_nothing(
    switched_on: frozenset[str], tmp_path: Path
) -> None:
    source = tmp_path / "events.csv"
    source.write_text(EVENTS + "1764284402,000000004,m0003,chargeback,1,EUR\n")
    done = settle(source, tmp_path / "settlement.csv")
    assert done.returncode == 1
    assert "line 5 is not a payment event" in done.stderr
    assert not (tmp_path / "settlement.csv").exists()


def test_a_missing_input_is_told(switched_on: frozenset[str], tmp_path: Path) -> None:
    done = settle(tmp_path / "nothing.csv", tmp_path / "settlement.csv")
    assert done.returncode == 1
    assert "nothing.csv" in done.stderr
