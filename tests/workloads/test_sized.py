"""The example at one size: what templates become, and which rows are left."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from perfstress.workloads.sized import at_size
from tests.support.sweeps import sweep_of


def example_with(http: dict[str, Any], **size: Any) -> Any:
    shape = {
        "model": "closed",
        "seed": 1,
        "size": {"name": "lines", "values": [2, 30], **size},
        "stages": [{"name": "work", "users": 1, "ops": 4}],
    }
    target = {"command": ["serve"]}
    workload = {"http": {"base_url": "http://127.0.0.1:1", **http}}
    return sweep_of([2, 30], shape=shape, target=target, workload=workload)


def test_templates_become_numbers_and_texts(tmp_path: Path) -> None:
    step = {
        "post": "/lines/{{ size.lines }}?token={{ token }}",
        "json": {"count": "{{ size.lines }}", "text": "<{{size.text}}>"},
    }
    example = example_with({"journeys": {"send": {"steps": [step]}}}, text="ab")
    made = at_size(example, 2, tmp_path, tmp_path).workload.http.journeys["send"].steps[0]
    assert made.path == "/lines/2?token={{ token }}"
    assert made.json_ == {"count": 2, "text": "<abab>"}
    assert made.name == "POST /lines/{{ size.lines }}?token={{ token }}"
    assert example.workload.http.journeys["send"].steps[0].name is None


def test_measured_data_are_narrowed_to_the_rows_of_the_size(tmp_path: Path) -> None:
    rows = [{"lines": list(range(count)), "id": count} for count in (2, 30, 2)]
    file = tmp_path / "carts.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    data = {
        "file": "carts.jsonl",
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "measure": {"lines": "length(lines)"},
    }
    steps = [{"get": "/{{ carts.id }}"}]
    example = example_with({"data": {"carts": data}, "journeys": {"send": {"steps": steps}}})
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    made = at_size(example, 2, tmp_path, scratch)
    kept = Path(made.workload.http.data["carts"].file).read_text().splitlines()
    assert [json.loads(line)["id"] for line in kept] == [2, 2]
