"""Every shape that a history takes, in real repositories: which of them prove something."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from perfstress import provenance, rules
from perfstress.example import Implementation
from perfstress.provenance import Provenance
from tests.test_provenance import EXAMPLE, PATHS, TEXT, Repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "project")


@pytest.fixture(autouse=True)
def _no_git_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("GIT_"):
            monkeypatch.delenv(name)


def runbook(blob: str) -> str:
    return (
        "---\nphase: shop\nexamples: [x]\nsealed:\n"
        f'  - {{example: x, blob: {blob}, commit: {"0" * 40}, at: "2026-01-01T00:00:00Z"}}\n'
        "---\n# Shop\n"
    )


# ---------------------------------------------------------------- squash merges and seals
def squashed(repository: Repository, *, edit: str = "") -> str:
    """Example and code come in one commit, as of a branch that was squashed."""
    return repository.commit({EXAMPLE: TEXT + edit, "service/app.py": "1"})


def sealed(repository: Repository) -> str:
    """The blob of the example, which is on a branch only."""
    repository.write("aside", TEXT)
    blob = repository.git("hash-object", "-w", "aside")
    (repository.root / "aside").unlink()
    return blob


def test_a_squash_merge_alone_is_too_late(repository: Repository) -> None:
    repository.commit({"README.md": "x"})
    squashed(repository)
    assert repository.state().state == "too-late"


def test_a_squash_merge_behind_a_seal_is_before(repository: Repository) -> None:
    seal = repository.commit({"runbooks/shop.md": runbook(sealed(repository))})
    both = squashed(repository)
    state = repository.state()
    assert (state.state, state.example_commit) == ("before", both)
    assert state.reason == f"sealed in {seal[:7]}, before {both[:7]} began the implementation"


def test_a_seal_of_another_text_proves_nothing(repository: Repository) -> None:
    repository.commit({"runbooks/shop.md": runbook(sealed(repository))})
    squashed(repository, edit="# other\n")
    assert repository.state().state == "too-late"


def test_a_seal_that_came_with_the_code_proves_nothing(repository: Repository) -> None:
    repository.commit({"README.md": "x"})
    repository.write("runbooks/shop.md", runbook(sealed(repository)))
    squashed(repository)
    assert repository.state().state == "too-late"


def test_a_seal_on_a_branch_beside_the_code_proves_nothing(repository: Repository) -> None:
    repository.commit({"README.md": "x"})
    repository.git("checkout", "-q", "-b", "beside")
    repository.commit({"runbooks/shop.md": runbook(sealed(repository))})
    repository.git("checkout", "-q", "main")
    squashed(repository)
    repository.git("merge", "-q", "--no-ff", "-m", "merge", "beside")
    assert repository.state().state == "too-late"


def test_a_blob_in_the_text_of_a_page_is_no_seal(repository: Repository) -> None:
    page = "---\nphase: shop\n---\nblob: " + sealed(repository) + "\n"
    repository.commit({"runbooks/shop.md": page})
    squashed(repository)
    assert repository.state().state == "too-late"


# ---------------------------------------------------------------- renames
def test_example_and_code_are_renamed_in_one_commit(repository: Repository) -> None:
    body = "".join(f"line {number}\n" for number in range(40))
    added = repository.commit({"worked_examples/old.yaml": TEXT})
    first = repository.commit({"prototype/app.py": body})
    (repository.root / "service").mkdir()
    repository.git("mv", "worked_examples/old.yaml", str(EXAMPLE))
    repository.git("mv", "prototype/app.py", "service/app.py")
    repository.commit()
    assert repository.state() == Provenance("before", added, first)


def test_a_rename_in_the_index_is_no_new_example(repository: Repository) -> None:
    added = repository.commit({"worked_examples/old.yaml": TEXT})
    first = repository.commit({"service/app.py": "1"})
    repository.git("mv", "worked_examples/old.yaml", str(EXAMPLE))
    assert repository.state() == Provenance("before", added, first)


@pytest.mark.parametrize("name", ["X.yaml", "größe und maß.yaml", "tab\there.yaml", "a\nb.yaml"])
def test_names_of_all_kinds(repository: Repository, name: str) -> None:
    old = Path("worked_examples") / name
    added = repository.commit({old: TEXT})
    first = repository.commit({"service/app.py": "1"})
    assert repository.state(old) == Provenance("before", added, first)
    repository.git("mv", str(old), str(EXAMPLE))
    repository.commit()
    assert repository.state() == Provenance("before", added, first)


def test_a_merge_that_edits_what_one_side_renamed(repository: Repository) -> None:
    added = repository.commit({"worked_examples/old.yaml": TEXT})
    repository.git("checkout", "-q", "-b", "side")
    repository.git("mv", "worked_examples/old.yaml", str(EXAMPLE))
    repository.commit()
    repository.git("checkout", "-q", "main")
    repository.commit({"worked_examples/old.yaml": TEXT + "# more\n"})
    repository.git("merge", "-q", "--no-ff", "-m", "merge", "side")
    first = repository.commit({"service/app.py": "1"})
    assert repository.state() == Provenance("before", added, first)


# ---------------------------------------------------------------- order
def test_dates_do_not_matter(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2030-01-01T00:00:00Z")
    repository.git("config", "user.name", "t")
    repository.commit({"README.md": "x"})
    repository.git("checkout", "-q", "-b", "code")
    repository.commit({"service/app.py": "1"})
    repository.git("checkout", "-q", "main")
    added = repository.commit({EXAMPLE: TEXT})
    repository.git("checkout", "-q", "code")
    assert provenance.states(repository.root, {repository.root / EXAMPLE: PATHS})
    repository.git("rebase", "-q", "main")
    first = repository.git("rev-parse", "HEAD")
    assert repository.state() == Provenance("before", added, first)


def test_a_detached_head(repository: Repository) -> None:
    added = repository.commit({EXAMPLE: TEXT})
    first = repository.commit({"service/app.py": "1"})
    repository.git("checkout", "-q", "--detach")
    assert repository.state() == Provenance("before", added, first)


def test_the_same_text_picked_into_two_branches(repository: Repository) -> None:
    repository.commit({"README.md": "x"})
    repository.git("checkout", "-q", "-b", "stale")
    repository.commit({EXAMPLE: TEXT})
    repository.git("checkout", "-q", "main")
    added = repository.commit({EXAMPLE: TEXT, "notes.md": "1"})
    first = repository.commit({"service/app.py": "1"})
    repository.git("merge", "-q", "--no-ff", "-m", "merge", "stale")
    assert repository.state() == Provenance("before", added, first)


def test_two_texts_added_side_by_side_cannot_be_told(repository: Repository) -> None:
    repository.commit({"README.md": "x"})
    repository.git("checkout", "-q", "-b", "stale")
    repository.commit({EXAMPLE: TEXT + "# other\n"})
    repository.git("checkout", "-q", "main")
    repository.commit({EXAMPLE: TEXT})
    repository.commit({"service/app.py": "1"})
    repository.git("merge", "-q", "-X", "ours", "--no-ff", "-m", "merge", "stale")
    state = repository.state()
    assert state.state == "cannot-tell"
    assert "more than once" in state.reason


@pytest.mark.parametrize(
    "setting",
    [
        "log.showRoot=false",
        "diff.renames=false",
        "diff.ignoreSubmodules=all",
        "core.quotePath=true",
    ],
)
def test_no_setting_changes_what_is_seen(repository: Repository, setting: str) -> None:
    first = repository.commit({"service/app.py": "1"})
    repository.commit({EXAMPLE: TEXT})
    repository.git("config", *setting.split("="))
    assert repository.state().implementation_commit == first


def test_a_replaced_commit_changes_nothing(repository: Repository) -> None:
    empty = repository.commit({"README.md": "x"})
    first = repository.commit({"service/app.py": "1"})
    repository.commit({EXAMPLE: TEXT})
    repository.git("replace", first, empty)
    assert repository.state().implementation_commit == first


# ---------------------------------------------------------------- clones
def partial(repository: Repository, clone: Path) -> Provenance:
    repository.git("config", "uploadpack.allowFilter", "true")
    repository.git(
        "clone",
        "-q",
        "--no-checkout",
        "--filter=blob:none",
        f"file://{repository.root}",
        str(clone),
    )
    return provenance.states(clone, {clone / EXAMPLE: PATHS}, rules.weakening)[clone / EXAMPLE]


def test_a_partial_clone_fetches_what_it_needs(repository: Repository, tmp_path: Path) -> None:
    added = repository.commit({EXAMPLE: TEXT})
    first = repository.commit({"service/app.py": "1"})
    repository.commit({EXAMPLE: TEXT.replace("100/s, for", "50/s, for")})
    state = partial(repository, tmp_path / "clone")
    assert (state.state, state.example_commit, state.implementation_commit) == (
        "before", added, first,
    )  # fmt: skip
    assert [each["field"] for each in state.weakened] == ["shape.stages.work.rate"]


def test_a_partial_clone_without_its_origin(repository: Repository, tmp_path: Path) -> None:
    repository.commit({EXAMPLE: TEXT})
    repository.commit({"service/app.py": "1"})
    repository.commit({EXAMPLE: TEXT.replace("100/s, for", "50/s, for")})
    partial(repository, tmp_path / "clone")
    again = tmp_path / "again"
    repository.git(
        "clone",
        "-q",
        "--no-checkout",
        "--filter=blob:none",
        f"file://{repository.root}",
        str(again),
    )
    repository.root.rename(tmp_path / "gone")
    state = provenance.states(again, {again / EXAMPLE: PATHS}, rules.weakening)[again / EXAMPLE]
    assert state.state == "cannot-tell"
    assert "git fetch --refetch --no-filter" in state.reason


# ---------------------------------------------------------------- two repositories
@pytest.fixture
def engine(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "engine")


def of_clone(repository: Repository, repo: str = "../engine") -> Provenance:
    path = repository.root / EXAMPLE
    asked = {path: Implementation(repo=repo, paths=["src/**"])}
    return provenance.states(repository.root, asked)[path]


def test_code_in_another_repository(repository: Repository, engine: Repository) -> None:
    added = repository.commit({EXAMPLE: TEXT})
    engine.commit({"README.md": "x"})
    assert (of_clone(repository).state, of_clone(repository).example_commit) == ("pending", added)
    first = engine.commit({"src/a.py": "1"})
    state = of_clone(repository)
    assert (state.state, state.implementation_commit) == ("cannot-tell", first)
    assert "in no order" in state.reason


def test_a_seal_in_the_repository_of_the_code(repository: Repository, engine: Repository) -> None:
    added = repository.commit({EXAMPLE: TEXT})
    blob = repository.git("rev-parse", f"HEAD:{EXAMPLE}")
    seal = engine.commit({"runbooks/shop.md": runbook(blob)})
    first = engine.commit({"src/a.py": "1"})
    state = of_clone(repository)
    assert (state.state, state.example_commit, state.implementation_commit) == (
        "before", added, first,
    )  # fmt: skip
    assert f"sealed in {seal[:7]} of ../engine" in state.reason


def test_a_clone_that_is_not_there(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    repository.commit({EXAMPLE: TEXT})
    assert "there is no clone at" in of_clone(repository, "../nowhere").reason
    assert "ENGINE_CLONE is not set" in of_clone(repository, "${env:ENGINE_CLONE}").reason
    engine = Repository(repository.root.parent / "engine")
    engine.commit({"README.md": "x"})
    monkeypatch.setenv("ENGINE_CLONE", str(engine.root))
    assert of_clone(repository, "${env:ENGINE_CLONE}").state == "pending"
    monkeypatch.delenv("ENGINE_CLONE")
    assert of_clone(repository, "${env:ENGINE_CLONE:-../engine}").state == "pending"


def with_submodule(repository: Repository, engine: Repository) -> None:
    words = ["-c", "protocol.file.allow=always", "submodule", "add", "-q", str(engine.root)]
    repository.git(*words, "libs/engine")
    repository.commit()


def test_code_in_a_submodule(repository: Repository, engine: Repository) -> None:
    engine.commit({"README.md": "x"})
    added = repository.commit({EXAMPLE: TEXT})
    with_submodule(repository, engine)
    paths = ["libs/engine/src/**"]
    state = repository.state(paths=paths)
    assert (state.state, state.example_commit) == ("pending", added)
    inner = Repository(repository.root / "libs" / "engine")
    first = inner.commit({"src/a.py": "1"})
    repository.commit()
    state = repository.state(paths=paths)
    assert (state.state, state.implementation_commit) == ("cannot-tell", first)
    assert "the submodule libs/engine" in state.reason


def test_an_old_submodule_does_not_make_an_example_late(
    repository: Repository, engine: Repository
) -> None:
    engine.commit({"other/b.py": "1"})
    with_submodule(repository, engine)
    repository.commit({EXAMPLE: TEXT})
    assert repository.state(paths=["libs/engine/src/**"]).state == "pending"


def test_a_submodule_that_is_not_checked_out(
    repository: Repository, engine: Repository, tmp_path: Path
) -> None:
    engine.commit({"src/a.py": "1"})
    repository.commit({EXAMPLE: TEXT})
    with_submodule(repository, engine)
    clone = tmp_path / "clone"
    repository.git("clone", "-q", str(repository.root), str(clone))
    state = provenance.states(clone, {clone / EXAMPLE: ["libs/engine/**"]})[clone / EXAMPLE]
    assert state.state == "cannot-tell"
    assert "git submodule update --init libs/engine" in state.reason


def test_an_example_in_a_submodule_of_its_code(repository: Repository, engine: Repository) -> None:
    engine.commit({EXAMPLE: TEXT})
    repository.commit({"src/a.py": "1"})
    with_submodule(repository, engine)
    inner = repository.root / "libs" / "engine"
    path = inner / EXAMPLE
    assert provenance.root_of(path) == inner.resolve()
    asked = {path: Implementation(repo="../..", paths=["src/**"])}
    assert provenance.states(inner, asked)[path].state == "cannot-tell"


# ---------------------------------------------------------------- weakened
def test_a_merge_weakens_only_what_no_parent_had(repository: Repository) -> None:
    repository.commit({EXAMPLE: TEXT})
    repository.git("checkout", "-q", "-b", "side")
    side = repository.commit({EXAMPLE: TEXT.replace("100/s, for", "50/s, for")})
    repository.git("checkout", "-q", "main")
    repository.commit({"README.md": "x"})
    repository.git("merge", "-q", "--no-ff", "--no-commit", "side")
    merge = repository.commit(
        {EXAMPLE: TEXT.replace("100/s, for", "50/s, for").replace("500ms", "2s")}
    )
    told = [(each["commit"], each["field"]) for each in repository.state().weakened]
    assert told == [(side, "shape.stages.work.rate"), (merge, "success")]
