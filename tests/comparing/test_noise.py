"""What was calibrated, kept by class of machine and found again."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfstress.comparing import noise
from perfstress.errors import LibraryError

HERE = {"hash": "abcdef123456", "cpu_model": "a CPU"}
RUNS = [{"throughput": 100.0 + i, "response.p99": 0.012345678} for i in range(4)]


@pytest.fixture
def example(tmp_path: Path) -> Path:
    file = tmp_path / "example.yaml"
    file.write_text("name: shop\n")
    return file


def test_a_calibration_is_found_by_machine_entry_and_example(tmp_path: Path, example: Path) -> None:
    made = noise.made(example, "c" * 40, RUNS)
    noise.keep(noise.own_file(tmp_path, "abcdef123456"), HERE, {"shop": made})
    found = noise.find(tmp_path, "abcdef123456", "shop", example)
    assert found is not None
    assert found.of("throughput") == [100.0, 101.0, 102.0, 103.0]
    assert found.of("response.p99")[0] == 0.0123457  # six digits are enough of a noise
    assert found.of("errors.rate") == []
    assert noise.find(tmp_path, "abcdef123456", "other", example) is None
    assert noise.find(tmp_path, "000000000000", "shop", example) is None
    example.write_text("name: shop\ntitle: heavier\n")
    assert noise.find(tmp_path, "abcdef123456", "shop", example) is None


def test_entries_are_kept_beside_each_other_and_the_committed_file_serves_where_there_is_no_own(
    tmp_path: Path, example: Path
) -> None:
    made = noise.made(example, None, RUNS)
    file = noise.committed_file(tmp_path, "abcdef123456")
    noise.keep(file, HERE, {"shop": made})
    noise.keep(file, HERE, {"till": made})
    assert list(noise.read(file)) == ["shop", "till"]
    assert noise.find(tmp_path, "abcdef123456", "till", example) is not None


@pytest.mark.parametrize(
    "text", ["", "[]", '{"version": 2}', '{"version": 1, "entries": {"a": 1}}']
)
def test_a_damaged_file_is_told_by_name(tmp_path: Path, text: str) -> None:
    file = tmp_path / "noise.json"
    file.write_text(text)
    with pytest.raises(LibraryError, match=r"noise\.json: cannot be read") as caught:
        noise.read(file)
    assert caught.value.slug == "damaged-noise"
