"""Into the library, into it again, and out of it: quick batches in real repositories."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from perfstress import library
from perfstress.cli import run
from perfstress.errors import ExitCode
from tests.support.shelf import WELL, Shelf

Promoted = Callable[..., int]


class Workshop(Shelf):
    """A repository whose worked example came before its code."""

    def example(self, **changes: Any) -> Path:
        """Commit the example ``shop``, as it is with these changes."""
        file = self.root / "worked_examples" / "shop.yaml"
        file.parent.mkdir(exist_ok=True)
        document = {**self.document("shop"), **changes}
        document["target"] = {**document["target"], "cwd": "touched"}
        file.write_text(yaml.safe_dump(document))
        self.commit("the example")
        return file

    def code(self) -> None:
        """Commit what it is about."""
        (self.root / "touched" / "shop.py").write_text(WELL)
        self.commit("the code")

    @property
    def entry(self) -> Path:
        return self.root / library.FOLDER / "shop"

    @property
    def baseline(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.entry / library.BASELINE).read_text())
        return found


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    shop = Workshop(tmp_path / "shop")
    monkeypatch.chdir(shop.root)
    return shop


def passed(shop: Workshop, file: Path) -> None:
    """Two runs that passed: the second one is kept for the first to agree with."""
    for _ in range(2):
        done = shop.perfstress("discover", str(file), "--quiet")
        assert done.returncode == ExitCode.PASS, done.stdout + done.stderr


@pytest.mark.live
def test_an_example_is_promoted_again_demoted_and_remembered(
    shop: Workshop, capsys: pytest.CaptureFixture[str]
) -> None:
    file = shop.example(success=["errors.count == 0", "response.max < 59s"])
    shop.code()
    passed(shop, file)
    assert run(["promote", "shop"]) == ExitCode.PASS
    assert "history" not in shop.baseline
    assert shop.baseline["implementation"] == ["touched/shop.py"]
    shop.commit("promoted")
    first = shop.baseline

    # Asks for more: goes through, and what changed is kept.
    file = shop.example(success=["errors.count == 0", "response.max < 50s", "errors.rate < 1%"])
    passed(shop, file)
    (shop.entry / "README.md").write_text("# shop\n\nIt has caught a slow start.\n")
    assert run(["promote", "shop"]) == ExitCode.PASS
    out = capsys.readouterr().out
    assert "  success: new: errors.rate < 1%\n" in out
    (item,) = shop.baseline["history"]
    assert (item["promoted_at"], item["commit"]) == (first["promoted_at"], first["commit"])
    assert item["replaced_by"] == shop.baseline["commit"]
    assert {change["field"] for change in item["changes"]} == {"success"}
    assert item["weakened"] == []
    page = (shop.entry / "README.md").read_text()
    assert "It has caught a slow start." in page
    assert "- `success: new: errors.rate < 1%`" in page
    shop.commit("promoted again")

    # Asks for less: only with a reason.
    file = shop.example(success=["errors.count == 0", "response.max < 55s", "errors.rate < 1%"])
    passed(shop, file)
    assert run(["promote", "shop"]) == ExitCode.USAGE
    err = capsys.readouterr().err
    assert "weakened since it was promoted: success: response.max < 50s -> " in err
    assert "--reason says why" in err
    assert run(["promote", "shop", "--reason", "the disk is slower"]) == ExitCode.PASS
    capsys.readouterr()
    assert shop.baseline["history"][1]["weakened"] == ["success"]
    assert shop.baseline["history"][1]["reason"] == "the disk is slower"
    assert "Reason: the disk is slower." in (shop.entry / "README.md").read_text()

    # Out of it: only what git has, and the name is remembered.
    assert run(["demote", "shop", "--reason", "sold"]) == ExitCode.USAGE
    assert "[not-in-git]" in capsys.readouterr().err
    assert shop.entry.is_dir()
    shop.commit("promoted with a reason")
    assert run(["demote", "shop", "--reason", "sold"]) == ExitCode.PASS
    command = capsys.readouterr().out.split("git has it: git ")[1].splitlines()[0]
    assert "name: shop" in shop.git(*command.split())
    assert not shop.entry.exists()
    assert "| sold |" in (shop.root / "regressions" / "DEMOTED.md").read_text()
    assert run(["replay", "shop"]) == ExitCode.USAGE
    assert "shop was demoted on " in capsys.readouterr().err
    assert run(["replay"]) == ExitCode.PASS


class TestDemote:
    def test_nothing_leaves_without_a_reason(
        self, shop: Workshop, capsys: pytest.CaptureFixture[str]
    ) -> None:
        shop.add("shop")
        shop.commit("all")
        assert run(["demote", "shop"]) == ExitCode.USAGE
        assert run(["demote", "shop", "--reason", "  "]) == ExitCode.USAGE
        assert "[no-reason]" in capsys.readouterr().err
        assert shop.entry.is_dir()

    def test_what_is_not_there_is_named(
        self, shop: Workshop, capsys: pytest.CaptureFixture[str]
    ) -> None:
        shop.add("shop")
        for name in ("other", "..", "shop/..", "../regressions/shop"):
            assert run(["demote", name, "--reason", "x"]) == ExitCode.USAGE
            err = capsys.readouterr().err
            assert "there are: shop" in err

    def test_outside_of_git_nothing_would_be_left_of_it(
        self, shop: Workshop, capsys: pytest.CaptureFixture[str]
    ) -> None:
        shop.add("shop")
        shutil.rmtree(shop.root / ".git")
        assert run(["demote", "shop", "--reason", "x"]) == ExitCode.USAGE
        assert "[not-in-git]" in capsys.readouterr().err
        assert shop.entry.is_dir()

    def test_a_damaged_entry_can_leave_too(self, shop: Workshop) -> None:
        shop.add("shop")
        (shop.entry / library.BASELINE).write_text("{")
        shop.commit("all")
        assert run(["demote", "shop", "--reason", "damaged"]) == ExitCode.PASS
        assert not shop.entry.exists()
