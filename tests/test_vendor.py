"""Vendored files are what their manifest says."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

import perfstress._vendor

VENDOR = Path(perfstress._vendor.__file__).parent
FOLDERS = [path.parent for path in sorted(VENDOR.glob("*/MANIFEST.json"))]


def test_every_folder_has_a_manifest() -> None:
    folders = {path for path in VENDOR.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders == set(FOLDERS)
    assert VENDOR / "uplot" in folders


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_checksums_hold_and_nothing_else_lies_there(folder: Path) -> None:
    manifest = json.loads((folder / "MANIFEST.json").read_text())
    seen = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.iterdir()
        if path.name != "MANIFEST.json"
    }
    assert seen == manifest["sha256"]
    assert "LICENSE" in seen
    assert manifest["version"]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_script_can_stand_in_a_page(folder: Path) -> None:
    """It is put between script tags as it is: it must not end them, nor fetch anything."""
    for script in folder.glob("*.js"):
        text = script.read_text("utf-8")
        assert "</script" not in text.lower()
        assert "<!--" not in text
        assert "fetch(" not in text
        assert "XMLHttpRequest" not in text
