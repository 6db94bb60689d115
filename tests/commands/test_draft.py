"""``perfstress draft``: drafts parse, teach, and say in lint what is left to fill in."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from perfstress import loading, rules
from perfstress.commands.draft import KINDS, WORKLOADS, draft
from perfstress.drafting import SERVICES
from perfstress.errors import UsageError

_FILLED = {
    "calls": (("TODO.module", "shop.pricing"),),
    "runs": (
        ("TODO: the batch command", "python"),
        ("TODO: data/make_input.py", "make.py"),
        ('sha256: TODO', f"sha256: {'a' * 64}"),
    ),
    "http": (("TODO: the command", "python"), ('"/TODO"', "/products")),
    "tcp": (("TODO: the command", "python"),),
    "ws": (("TODO: the command", "python"), ('"/TODO"', "/prices")),
    "sql": (),
}  # fmt: skip


def written(name: str, **options: Any) -> Path:
    return draft(name, **options).path


# What a kind needs and a workload does not have.
REFUSED = {("stress", "runs")} | {("interaction", one) for one in WORKLOADS if one != "http"}
PAIRS = [(kind, one) for kind in KINDS for one in WORKLOADS if (kind, one) not in REFUSED]


@pytest.mark.parametrize(("kind", "workload"), sorted(REFUSED))
def test_a_workload_that_cannot_be_of_a_kind_is_refused(
    kind: str, workload: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError) as raised:
        draft("mine", kind=kind, workload=workload, folder=tmp_path)
    assert raised.value.slug == "bad-value"
    assert f"--workload {workload}" in raised.value.message


@pytest.mark.parametrize(("kind", "workload"), PAIRS)
def test_all_that_is_wrong_with_a_draft_is_what_is_left_to_fill_in(
    kind: str, workload: str, tmp_path: Path
) -> None:
    path = written("mine", kind=kind, workload=workload, phase="pay", folder=tmp_path)
    assert path == tmp_path / "mine.yaml"
    _, problems = loading.check(path)
    assert {problem.slug for problem in problems} == {"placeholder"}
    assert len(problems) == path.read_text().count("TODO")


@pytest.mark.parametrize(("kind", "workload"), PAIRS)
def test_a_draft_filled_in_lints_clean(kind: str, workload: str, tmp_path: Path) -> None:
    path = written("mine", kind=kind, workload=workload, folder=tmp_path)
    text = path.read_text()
    for old, new in _FILLED[workload]:
        text = text.replace(old, new)
    text = text.replace("TODO: such as service/**", "service/**").replace("TODO: ", "")
    text = re.sub(r"rate: TODO", "rate: 100/s" if workload in SERVICES else "rate: 1/day", text)
    text = re.sub(r"concurrency: TODO", "concurrency: 1", text)
    text = re.sub(r"operations: TODO", "operations: 800", text)
    text = re.sub(r"horizon: TODO", "horizon: 1d", text)
    text = text.replace('"TODO"', '"5"').replace("TODO", "5")
    path.write_text(text)
    (tmp_path / "make.py").write_text("")
    assert [str(problem) for problem in rules.check(loading.load(path), tmp_path)] == []


def test_it_teaches(tmp_path: Path) -> None:
    text = written("mine", kind="spike", folder=tmp_path).read_text()
    assert sum("#" in line for line in text.splitlines()) >= 15
    assert max(map(len, text.splitlines())) <= 140


def test_nothing_is_overwritten_without_force(tmp_path: Path) -> None:
    path = written("mine", kind="load", folder=tmp_path)
    path.write_text("my work")
    with pytest.raises(UsageError) as raised:
        draft("mine", kind="load", folder=tmp_path)
    assert raised.value.slug == "exists"
    assert path.read_text() == "my work"
    draft("mine", kind="load", folder=tmp_path, force=True)
    assert path.read_text() != "my work"
    assert [file.name for file in tmp_path.iterdir()] == ["mine.yaml"]


@pytest.mark.parametrize(
    ("options", "slug", "says"),
    [
        ({"kind": "rush"}, "bad-value", "'rush'"),
        ({"kind": "load", "workload": "ftp"}, "bad-value", "'ftp' is not a workload"),
        ({"kind": "load", "name": "My Name"}, "bad-name", "'My Name'"),
        ({"kind": "load", "phase": "../x"}, "bad-name", "'../x'"),
        ({"kind": "load", "source": "har"}, "bad-recording", "its file"),
        ({"kind": "load", "source": "jmx", "recording": Path("x")}, "bad-value", "'jmx'"),
        ({"kind": "load", "source": "curl", "recording": Path("x")}, "no-such-file", "x"),
    ],
)
def test_what_cannot_be_drafted_is_refused(
    options: dict[str, object], slug: str, says: str, tmp_path: Path
) -> None:
    arguments = {"name": "mine", "folder": tmp_path / "new", **options}
    with pytest.raises(UsageError) as raised:
        draft(arguments.pop("name"), **arguments)  # type: ignore[arg-type]
    assert raised.value.slug == slug
    assert says in raised.value.message
    assert not (tmp_path / "new").exists()


def test_a_recording_gives_journeys_and_figures(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    stamp = "28/Nov/2025:11:00:{:02d} +0000"
    log.write_text(
        "".join(
            f"10.0.0.1 - - [{stamp.format(second)}] \"GET /a?b='{second}' HTTP/1.1\" 200 1\n"
            for second in (0, 0, 0, 5)
        )
    )
    path = written("mine", kind="spike", source="access-log", recording=log, folder=tmp_path)
    text = path.read_text()
    assert "rate: 3/s" in text
    assert "access log access.log, 2025-11-28 11:00:00 to 2025-11-28 11:00:05 UTC" in text
    _, problems = loading.check(path)
    assert {problem.slug for problem in problems} == {"placeholder"}


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be written") as raised:
        draft("mine", kind="load", folder=tmp_path / "file" / "deeper")
    assert raised.value.slug == "output-not-writable"


def test_what_is_known_is_given_by_options(tmp_path: Path) -> None:
    path = written(
        "mine", kind="spike", rate="2M/day", concurrency="6000", horizon="14d",
        known_from="the bill of November", implements=["service/**", "shop.py"], folder=tmp_path,
    )  # fmt: skip
    text = path.read_text()
    assert "rate: 2M/day " in text
    assert "concurrency: 6000 " in text
    assert "horizon: 14d " in text
    assert 'source: "the bill of November"' in text
    assert 'paths: ["service/**", "shop.py"]' in text
    text = text.replace("TODO: the command", "python").replace('"/TODO"', "/products")
    path.write_text(text.replace("TODO: ", ""))
    assert [str(problem) for problem in rules.check(loading.load(path), tmp_path)] == []


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"rate": "fast"}, "--rate: 'fast' is not a rate"),
        ({"rate": "0/s"}, "--rate: '0/s' is nothing at all"),
        ({"concurrency": "many"}, "--concurrency: 'many' is not a whole number"),
        ({"concurrency": "0"}, "--concurrency: '0' is not a whole number above zero"),
        ({"horizon": "long"}, "--horizon: 'long' is not a duration"),
        ({"horizon": "0s"}, "--horizon: '0s' is nothing at all"),
        ({"kind": None}, "a draft takes a kind"),
    ],
)
def test_an_option_that_cannot_be_read_is_told(
    options: dict[str, Any], says: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError) as raised:
        draft("mine", folder=tmp_path, **({"kind": "load"} | options))
    assert raised.value.slug == "bad-value"
    assert says in raised.value.message


def test_at_a_terminal_it_asks_for_what_is_not_given(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "runbooks").mkdir()
    (tmp_path / "runbooks" / "pay.md").write_text("")
    asked: list[str] = []
    answers = iter(
        [
            "party",
            "",
            "spike",
            "play",
            "pay",
            "fast",
            "333/s",
            "",
            "14d",
            "a log",
            "service/** shop.py",
        ]
    )

    def ask(question: str) -> str:
        asked.append(question)
        return next(answers)

    text = written("mine", kind=None, ask=ask, folder=tmp_path).read_text()
    assert next(answers, None) is None
    assert "'party' is none of load" in asked[1]
    assert "'play' is none of pay" in asked[4]
    assert "'fast' is not a rate" in asked[6]
    for line in ("kind: spike", "phase: pay", "rate: 333/s", "concurrency: TODO", "horizon: 14d",
                 'source: "a log"', 'paths: ["service/**", "shop.py"]'):  # fmt: skip
        assert line in text


def test_what_is_recorded_is_not_asked_for(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text('h - - [28/Nov/2025:11:00:00 +0000] "GET / HTTP/1.1" 200 1 "-" "-" rt=0.5\n')
    asked: list[str] = []

    def ask(question: str) -> str:
        asked.append(question)
        return ""

    draft(
        "mine", kind="load", phase="pay", source="access-log", recording=log, ask=ask,
        folder=tmp_path,
    )  # fmt: skip
    assert [question.split(",")[0] for question in asked] == [
        "How long one process has to live",
        "Paths of the code to come",
    ]
