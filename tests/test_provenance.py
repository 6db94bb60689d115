"""Which came first, the example or its code: real histories in real repositories."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from perfstress import provenance, rules
from perfstress.provenance import Provenance

EXAMPLE = Path("worked_examples/x.yaml")
PATHS = ["service/**"]
TEXT = """\
production: {rate: 100/s, concurrency: 10}
shape:
  stages:
    - {name: work, rate: 100/s, for: 60s}
success:
  - errors.rate < 0.1%
  - response.p99 < 500ms
"""


class Repository:
    """A repository in a temporary folder, untouched by the git settings of whoever runs this."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main")

    def git(self, *words: str) -> str:
        clean = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
        clean["TZ"] = "UTC"
        people = {
            f"GIT_{who}_{what}": text
            for who in ("AUTHOR", "COMMITTER")
            for what, text in (("NAME", "t"), ("EMAIL", "t@localhost"))
        }
        settings = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
        done = subprocess.run(
            ["git", "-C", str(self.root), *words],
            env={**clean, **people, **settings},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def write(self, path: Path | str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def commit(self, files: dict[str | Path, str] | None = None) -> str:
        for path, text in (files or {}).items():
            self.write(path, text)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "a step")
        return self.git("rev-parse", "HEAD")

    def state(self, path: Path = EXAMPLE, paths: list[str] | None = None) -> Provenance:
        asked = {self.root / path: paths or PATHS}
        return provenance.states(self.root, asked, rules.weakening)[self.root / path]


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "project")


@pytest.fixture(autouse=True)
def _no_git_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("GIT_"):
            monkeypatch.delenv(name)


def test_an_example_before_its_code(repository: Repository) -> None:
    repository.commit({"README.md": "x"})
    added = repository.commit({EXAMPLE: TEXT})
    first = repository.commit({"service/app.py": "1"})
    repository.commit({"service/app.py": "2"})
    assert repository.state() == Provenance("before", added, first)


def test_not_implemented_yet(repository: Repository) -> None:
    added = repository.commit({EXAMPLE: TEXT})
    state = repository.state()
    assert (state.state, state.example_commit, state.implementation_commit) == (
        "pending",
        added,
        None,
    )
    assert "service/**" in state.reason


def test_the_same_commit_is_too_late(repository: Repository) -> None:
    both = repository.commit({EXAMPLE: TEXT, "service/app.py": "1"})
    state = repository.state()
    assert (state.state, state.example_commit, state.implementation_commit) == (
        "too-late",
        both,
        both,
    )
    assert "together" in state.reason


def test_after_the_code_is_too_late(repository: Repository) -> None:
    first = repository.commit({"service/app.py": "1"})
    added = repository.commit({EXAMPLE: TEXT})
    state = repository.state()
    assert (state.state, state.example_commit, state.implementation_commit) == (
        "too-late",
        added,
        first,
    )


def test_a_branch_beside_the_example_is_too_late(repository: Repository) -> None:
    repository.commit({"README.md": "x"})
    repository.git("checkout", "-q", "-b", "code")
    code = repository.commit({"service/app.py": "1"})
    repository.git("checkout", "-q", "main")
    repository.commit({EXAMPLE: TEXT})
    repository.git("merge", "-q", "--no-ff", "-m", "merge", "code")
    state = repository.state()
    assert (state.state, state.implementation_commit) == ("too-late", code)
    assert "does not follow" in state.reason


def test_a_branch_from_the_example_is_before(repository: Repository) -> None:
    added = repository.commit({EXAMPLE: TEXT})
    repository.git("checkout", "-q", "-b", "code")
    code = repository.commit({"service/app.py": "1"})
    repository.git("checkout", "-q", "main")
    repository.commit({"README.md": "x"})
    repository.git("merge", "-q", "--no-ff", "-m", "merge", "code")
    assert repository.state() == Provenance("before", added, code)


def test_a_renamed_example_keeps_its_first_commit(repository: Repository) -> None:
    added = repository.commit({"worked_examples/old.yaml": TEXT})
    first = repository.commit({"service/app.py": "1"})
    repository.git("mv", "worked_examples/old.yaml", str(EXAMPLE))
    repository.commit()
    assert repository.state() == Provenance("before", added, first)


def test_renamed_code_keeps_its_first_commit(repository: Repository) -> None:
    body = "".join(f"line {number}\n" for number in range(40))
    first = repository.commit({"prototype/app.py": body})
    repository.commit({EXAMPLE: TEXT})
    (repository.root / "service").mkdir()
    repository.git("mv", "prototype/app.py", "service/app.py")
    repository.commit()
    state = repository.state()
    assert (state.state, state.implementation_commit) == ("too-late", first)


def test_an_example_that_was_deleted_and_written_again_starts_anew(repository: Repository) -> None:
    repository.commit({EXAMPLE: TEXT})
    repository.commit({"service/app.py": "1"})
    (repository.root / EXAMPLE).unlink()
    repository.commit()
    again = repository.commit({EXAMPLE: TEXT + "# once more\n"})
    state = repository.state()
    assert (state.state, state.example_commit) == ("too-late", again)


def test_code_added_by_a_merge_itself_is_seen(repository: Repository) -> None:
    repository.commit({"README.md": "x"})
    repository.git("checkout", "-q", "-b", "other")
    repository.commit({"other.txt": "1"})
    repository.git("checkout", "-q", "main")
    repository.commit({"main.txt": "1"})
    repository.git("merge", "-q", "--no-ff", "--no-commit", "other")
    merge = repository.commit({"service/app.py": "1"})
    repository.commit({EXAMPLE: TEXT})
    state = repository.state()
    assert (state.state, state.implementation_commit) == ("too-late", merge)


def test_not_committed_yet(repository: Repository) -> None:
    repository.commit({"README.md": "x"})
    repository.write(EXAMPLE, TEXT)
    assert repository.state() == Provenance("pending", reason="the example is not committed yet")
    first = repository.commit({"service/app.py": "1"})
    repository.git("rm", "-q", "--cached", str(EXAMPLE))
    repository.git("commit", "-q", "--amend", "-m", "only code")
    state = repository.state()
    assert state.state == "too-late"
    assert state.implementation_commit not in (None, first)
    assert "not committed yet" in state.reason


def test_no_commit_at_all(repository: Repository) -> None:
    repository.write(EXAMPLE, TEXT)
    assert repository.state().state == "pending"
    assert provenance.facts(repository.root)["commit"] is None


def test_a_shallow_clone_cannot_tell_and_says_how_to_deepen(
    repository: Repository, tmp_path: Path
) -> None:
    repository.commit({EXAMPLE: TEXT})
    repository.commit({"service/app.py": "1"})
    clone = tmp_path / "clone"
    repository.git("clone", "-q", "--depth", "1", f"file://{repository.root}", str(clone))
    state = provenance.states(clone, {clone / EXAMPLE: PATHS})[clone / EXAMPLE]
    assert state.state == "cannot-tell"
    assert "git fetch --unshallow" in state.reason


def test_no_repository_cannot_tell(tmp_path: Path) -> None:
    state = provenance.states(tmp_path, {tmp_path / EXAMPLE: PATHS})[tmp_path / EXAMPLE]
    assert state.state == "cannot-tell"
    assert "not under git" in state.reason


def test_git_dir_of_a_hook_does_not_win(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    added = repository.commit({EXAMPLE: TEXT})
    other = Repository(tmp_path / "other")
    other.commit({"service/app.py": "1"})
    monkeypatch.setenv("GIT_DIR", str(other.root / ".git"))
    assert repository.state().example_commit == added
    assert provenance.facts(repository.root)["commit"] == added


def test_a_work_tree_beside_the_repository(repository: Repository, tmp_path: Path) -> None:
    added = repository.commit({EXAMPLE: TEXT})
    beside = tmp_path / "beside"
    repository.git("worktree", "add", "-q", "-b", "beside", str(beside))
    assert provenance.root_of(beside / EXAMPLE) == beside.resolve()
    state = provenance.states(beside, {beside / EXAMPLE: PATHS})[beside / EXAMPLE]
    assert (state.state, state.example_commit) == ("pending", added)


def test_facts(repository: Repository) -> None:
    commit = repository.commit({"a.txt": "1"})
    facts = provenance.facts(repository.root)
    assert facts["commit"] == commit
    assert commit.startswith(str(facts["short"]))
    assert (facts["dirty"], facts["branch"]) == (False, "main")
    repository.write("a.txt", "2")
    assert provenance.facts(repository.root)["dirty"] is True


def test_later_edits_that_weaken_are_told_field_by_field(repository: Repository) -> None:
    repository.commit({EXAMPLE: TEXT})
    repository.commit({"service/app.py": "1"})
    slower = repository.commit({EXAMPLE: TEXT.replace("100/s, for: 60s", "50/s, for: 90s")})
    looser = repository.commit(
        {EXAMPLE: TEXT.replace("100/s, for: 60s", "50/s, for: 90s").replace("500ms", "2s")}
    )
    repository.write(EXAMPLE, "success: []\n")
    weakened = repository.state().weakened
    assert [(each["commit"], each["field"], each["before"], each["after"]) for each in weakened][
        :2
    ] == [
        (slower, "shape.stages.work.rate", "100/s", "50/s"),
        (looser, "success", "response.p99 < 500ms", "response.p99 < 2s"),
    ]
    assert {each["commit"] for each in weakened[2:]} == {provenance.UNCOMMITTED}


def test_a_file_as_head_has_it(repository: Repository) -> None:
    root = repository.root
    assert provenance.committed(root, root / EXAMPLE) is None  # no commit at all
    repository.write(EXAMPLE, TEXT)
    assert provenance.committed(root, root / EXAMPLE) is None
    added = repository.commit()
    repository.commit({"README.md": "x"})
    found = provenance.committed(root, root / EXAMPLE)
    assert found is not None
    assert (found.commit, found.changed) == (added, False)
    assert found.blob == repository.git("hash-object", str(EXAMPLE))
    assert found.at == repository.git(
        "log", "-1", "--format=%cd", "--date=format-local:%FT%TZ", added
    )
    assert provenance.blob_at(root, added, root / EXAMPLE) == found.blob
    assert provenance.blob_at(root, added, root / "README.md") is None
    assert provenance.blob_at(root, "0" * 40, root / EXAMPLE) is None
    assert provenance.blob_text(root, found.blob) == TEXT
    assert provenance.blob_text(root, "0" * 40) is None


@pytest.mark.parametrize("staged", [True, False])
def test_a_file_that_is_not_as_head_has_it(repository: Repository, staged: bool) -> None:
    added = repository.commit({EXAMPLE: TEXT})
    repository.write(EXAMPLE, TEXT + "# later\n")
    if staged:
        repository.git("add", "-A")
    found = provenance.committed(repository.root, repository.root / EXAMPLE)
    assert found is not None
    assert (found.commit, found.changed) == (added, True)


def test_a_file_outside_of_the_repository_is_not_committed(
    repository: Repository, tmp_path: Path
) -> None:
    repository.commit({EXAMPLE: TEXT})
    assert provenance.committed(repository.root, tmp_path / "x.yaml") is None


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("service/**", "service/a/b.py", True),
        ("service/**", "services/a.py", False),
        ("service", "service/a.py", True),
        ("service/", "service/a.py", True),
        ("service", "service.py", False),
        ("**/pricing.py", "pricing.py", True),
        ("**/pricing.py", "a/b/pricing.py", True),
        ("src/*.py", "src/a.py", True),
        ("src/*.py", "src/a/b.py", False),
        ("src/?.py", "src/a.py", True),
        ("src/[ab].py", "src/c.py", False),
        ("./src/a.py", "src/a.py", True),
        ("src/a+b.py", "src/a+b.py", True),
    ],
)
def test_patterns(pattern: str, path: str, fits: bool) -> None:
    assert bool(provenance.matcher([pattern]).fullmatch(path)) is fits
