"""What runs and a real git prove of a catch, and what they do not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from perfstress import runfile
from perfstress.errors import LibraryError, RunError, UsageError
from perfstress.ledger import Catch, caught_before, caught_in, unknown_commits, with_trailers
from tests.broken.corpus import CALLS
from tests.support.kept import keep_run
from tests.test_provenance import Repository

LEAK = {
    "class": "memory-growth",
    "resource": "memory",
    "label": "UNBOUNDED",
    "per_op": 40.0,
    "unit": "B/op",
    "summary": "memory grows by 40 B per call",
    "fails": True,
}
TOLD = {**LEAK, "resource": "disk", "fails": False}


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """An example, committed before its code."""
    found = Repository(tmp_path / "project")
    example = CALLS.replace("@NAME@", "price-soak")
    found.commit({"worked_examples/price-soak.yaml": example, ".gitignore": ".perfstress/\n"})
    return found


def keep(repository: Repository, time: str, verdict: str = "FAIL", **changes: Any) -> Path:
    """A run of the example at HEAD."""
    commit = repository.git("rev-parse", "HEAD")
    return keep_run(
        repository.root,
        repository.root / "worked_examples" / "price-soak.yaml",
        time,
        verdict=verdict,
        findings=[LEAK, TOLD] if verdict == "FAIL" else [],
        **{"git": {"commit": commit, "dirty": False}, **changes},
    )


def before(repository: Repository, passing: Path) -> list[Catch]:
    return caught_before(repository.root, runfile.read(passing))


def code(repository: Repository, text: str) -> str:
    return repository.commit({"shop/pricing.py": text})


def test_a_failing_run_is_caught_with_its_figures(repository: Repository) -> None:
    commit = code(repository, "leaks")
    run = keep(repository, "100000")
    with (run / "events.jsonl").open("a") as file:
        file.write('{"t": 12.5, "event": "target-stopped"}\n{"t": 9')
    (one,) = caught_in(run, repository.root)
    assert (one.kind, one.resource, one.per_op, one.unit) == (
        "memory-growth",
        "memory",
        40.0,
        "B/op",
    )
    assert (one.found, one.run, one.example) == (commit, run.name, "price-soak")
    assert (one.seconds, one.processes, one.changed, one.mended) == (12.5, 1, "", None)


def test_what_set_the_run_apart_is_told(repository: Repository) -> None:
    run = keep(repository, "100000", scale=0.1, overrides={"shape.seed": "2"})
    (one,) = caught_in(run, repository.root)
    assert one.changed == "reduced to 0.1, shape.seed set to 2"


@pytest.mark.parametrize("verdict", ["PASS", "INCONCLUSIVE"])
def test_a_run_that_did_not_fail_caught_nothing(repository: Repository, verdict: str) -> None:
    with pytest.raises(LibraryError) as caught:
        caught_in(keep(repository, "100000", verdict), repository.root)
    assert caught.value.slug == "nothing-caught"


def test_a_planted_leak_is_no_catch(repository: Repository) -> None:
    with pytest.raises(LibraryError) as caught:
        caught_in(keep(repository, "100000", planted={"memory": 4096.0}), repository.root)
    assert caught.value.slug == "nothing-caught"


def test_a_run_without_a_verdict_is_told(repository: Repository) -> None:
    run = keep(repository, "100000")
    (run / "result.json").unlink()
    with pytest.raises(RunError) as caught:
        caught_in(run, repository.root)
    assert caught.value.slug == "no-verdict"


def test_the_commit_that_mended_has_to_be_there(repository: Repository) -> None:
    run = keep(repository, "100000")
    head = repository.git("rev-parse", "HEAD")
    assert caught_in(run, repository.root, "HEAD")[0].mended == head
    for wrong in ("nonsense", "--help", ""):
        with pytest.raises(UsageError) as caught:
            caught_in(run, repository.root, wrong)
        assert caught.value.slug == "no-commit"


# ---------------------------------------------------------------- before a promotion
def test_one_commit_between_mended_it(repository: Repository) -> None:
    found = code(repository, "leaks")
    keep(repository, "100000")
    mended = code(repository, "mended")
    repository.commit({"docs/page.md": "other"})
    (one,) = before(repository, keep(repository, "110000", "PASS"))
    assert (one.found, one.mended, one.at_the_latest) == (found, mended, False)


def test_of_code_in_another_repository_this_one_proves_nothing(repository: Repository) -> None:
    example = CALLS.replace("@NAME@", "price-soak")
    elsewhere = example.replace("implementation:\n", "implementation:\n  repo: ../shop\n")
    assert elsewhere != example
    repository.commit({"worked_examples/price-soak.yaml": elsewhere})
    code(repository, "leaks")
    keep(repository, "100000")
    code(repository, "mended")
    assert before(repository, keep(repository, "110000", "PASS")) == []


def test_of_several_commits_between_nobody_knows_which(repository: Repository) -> None:
    code(repository, "leaks")
    keep(repository, "100000")
    code(repository, "still")
    last = code(repository, "mended")
    (one,) = before(repository, keep(repository, "110000", "PASS"))
    assert (one.mended, one.at_the_latest) == (last, True)


def test_the_first_run_found_it_and_the_last_says_where_the_mend_began(
    repository: Repository,
) -> None:
    first = code(repository, "leaks")
    keep(repository, "100000")
    code(repository, "still")
    keep(repository, "103000")
    mended = code(repository, "mended")
    (one,) = before(repository, keep(repository, "110000", "PASS"))
    assert (one.found, one.mended, one.at_the_latest) == (first, mended, False)
    assert one.run.startswith("20261120T100000Z")


def test_failing_and_passing_at_one_commit_is_chance(repository: Repository) -> None:
    code(repository, "leaks")
    keep(repository, "100000")
    assert before(repository, keep(repository, "110000", "PASS")) == []


def test_without_a_change_of_the_code_nothing_was_mended(repository: Repository) -> None:
    code(repository, "leaks")
    keep(repository, "100000")
    repository.commit({"docs/page.md": "other"})
    assert before(repository, keep(repository, "110000", "PASS")) == []


def test_a_run_of_another_text_is_another_example(repository: Repository) -> None:
    code(repository, "leaks")
    keep(repository, "100000")
    path = repository.root / "worked_examples" / "price-soak.yaml"
    repository.commit({"worked_examples/price-soak.yaml": path.read_text() + "# eased\n"})
    code(repository, "mended")
    assert before(repository, keep(repository, "110000", "PASS")) == []


def test_a_run_of_another_branch_proves_nothing(repository: Repository) -> None:
    code(repository, "sound")
    repository.git("checkout", "-q", "-b", "aside")
    code(repository, "leaks")
    keep(repository, "100000")
    repository.git("checkout", "-q", "main")
    code(repository, "better")
    assert before(repository, keep(repository, "110000", "PASS")) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"scale": 0.1},
        {"overrides": {"shape.seed": "2"}},
        {"planted": {"memory": 1.0}},
        {"confirms": "x"},
        {"state": "interrupted"},
        {"git": {"commit": None}},
        {"git": {"commit": "f" * 40}},
    ],
)
def test_a_run_that_shows_less_than_the_example_is_passed_over(
    repository: Repository, changes: dict[str, Any]
) -> None:
    code(repository, "leaks")
    keep(repository, "100000", **changes)
    code(repository, "mended")
    assert before(repository, keep(repository, "110000", "PASS")) == []


# ---------------------------------------------------------------- what git says later
def test_a_trailer_tells_what_a_commit_mends(repository: Repository) -> None:
    code(repository, "leaks")
    (one,) = caught_in(keep(repository, "100000"), repository.root)
    repository.write("shop/pricing.py", "mended")
    repository.git("add", "-A")
    message = "Give it back\n\nMends: price-soak memory-growth\nMends: other"
    repository.git("commit", "-q", "-m", message)
    mended = repository.git("rev-parse", "HEAD")
    assert with_trailers(repository.root, [one])[0].mended == mended


def test_a_trailer_of_another_class_or_example_says_nothing(repository: Repository) -> None:
    (one,) = caught_in(keep(repository, "100000"), repository.root)
    for value in ("price-soak fd-growth", "other memory-growth"):
        repository.git("commit", "-q", "--allow-empty", "-m", f"x\n\nMends: {value}")
    assert with_trailers(repository.root, [one]) == [one]


def test_commits_that_this_clone_does_not_have(repository: Repository) -> None:
    (one,) = caught_in(keep(repository, "100000"), repository.root)
    assert unknown_commits(repository.root, [one]) == set()
    gone = Catch.from_json(json.loads(json.dumps({**one.as_json(), "mended": "f" * 40})))
    assert unknown_commits(repository.root, [gone]) == {"f" * 40}
