"""A draft of each kind from each format: it parses, and lint finds what says TODO and no more."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from perfstress import loading, rules
from perfstress.commands.draft import KINDS, draft
from perfstress.errors import UsageError
from perfstress.importers import IMPORTERS
from tests.importers.samples import K6, SAMPLES

CASES = [
    pytest.param(kind, source, text, id=f"{kind}-{source}-{number}")
    for kind in KINDS
    for number, (source, text) in enumerate(SAMPLES)
]
REFUSED = {("sweep", "locust"), ("sweep", "k6")}


def test_every_format_has_a_sample() -> None:
    assert {source for source, _ in SAMPLES} == set(IMPORTERS)


@pytest.mark.parametrize(("kind", "source", "text"), CASES)
def test_all_that_lint_finds_is_what_is_left_to_fill_in(
    kind: str, source: str, text: str, tmp_path: Path
) -> None:
    recording = tmp_path / "recording"
    recording.write_text(text)
    if (kind, source) in REFUSED:
        with pytest.raises(UsageError, match="varies the size of an input"):
            draft("mine", kind=kind, source=source, recording=recording, folder=tmp_path)
        return
    path = draft("mine", kind=kind, source=source, recording=recording, folder=tmp_path).path
    _, problems = loading.check(path)
    assert {problem.slug for problem in problems} == {"placeholder"}
    written = path.read_text()
    for old, new in (
        ("TODO: the command", "python"), ("TODO: such as service/**", "service/**"),
        ('"TODO: one line', '"one line'), ("rate: TODO", "rate: 5/s"),
        ("concurrency: TODO", "concurrency: 1"), ("operations: TODO", "operations: 800"),
        ("horizon: TODO", "horizon: 1d"), ("items: TODO", "items: 5"),
    ):  # fmt: skip
        written = written.replace(old, new)
    path.write_text(re.sub(r"TODO:?", "5", written))
    assert [str(problem) for problem in rules.check(loading.load(path), tmp_path)] == []


@pytest.mark.parametrize(("source", "text"), SAMPLES)
@pytest.mark.parametrize("taken_for", sorted(IMPORTERS))
def test_another_format_is_told_by_its_looks(
    source: str, text: str, taken_for: str, tmp_path: Path
) -> None:
    if taken_for == source:
        return
    recording = tmp_path / "recording"
    recording.write_text(text)
    with pytest.raises(UsageError) as raised:
        draft("mine", kind="load", source=taken_for, recording=recording, folder=tmp_path / "new")
    assert raised.value.slug == "bad-recording"
    assert "it looks like" in raised.value.message
    assert raised.value.hint == f"--from {source}"
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("source", sorted(IMPORTERS))
@pytest.mark.parametrize(
    "data",
    [b"", b"\n\n", b"\0\1\2\3", b"\xff\xd8\xff\xe0", b"{", b"{}", b"[]", b"a,b\n1\n", b"x: y"],
    ids=repr,
)  # fmt: skip
def test_what_is_nothing_of_the_kind_is_one_clear_error(
    source: str, data: bytes, tmp_path: Path
) -> None:
    recording = tmp_path / "recording"
    recording.write_bytes(data)
    with pytest.raises(UsageError) as raised:
        draft("mine", kind="load", source=source, recording=recording, folder=tmp_path)
    assert raised.value.slug == "bad-recording"
    assert raised.value.message.startswith("recording: ")


@pytest.mark.parametrize("source", ["har", "postman"])
def test_a_document_that_is_cut_off_ends_in_the_middle(source: str, tmp_path: Path) -> None:
    text = dict(SAMPLES)[source]
    recording = tmp_path / "recording"
    for share in (0.3, 0.6, 0.9):
        recording.write_text(text[: int(len(text) * share)])
        with pytest.raises(UsageError, match="ends in the middle"):
            draft("mine", kind="load", source=source, recording=recording, folder=tmp_path)


def test_a_stream_of_a_run_that_was_killed_is_read_to_its_torn_line(tmp_path: Path) -> None:
    recording = tmp_path / "recording"
    recording.write_text(K6[: int(len(K6) * 0.7)])
    text = draft("mine", kind="load", source="k6", recording=recording, folder=tmp_path).path
    assert "rate: 3/s" in text.read_text()


def test_identifiers_are_a_data_set_that_nobody_overwrites(tmp_path: Path) -> None:
    recording = tmp_path / "recording"
    recording.write_text(dict(SAMPLES)["access-log"])

    def drafted(name: str = "mine", *, force: bool = False) -> Path | None:
        return draft(
            name, kind="load", source="access-log", recording=recording, folder=tmp_path,
            force=force,
        ).data  # fmt: skip

    data = drafted()
    assert data == tmp_path / "data" / "mine-ids.jsonl"
    assert data.read_text().splitlines()[1] == '{"get-a-one": "1"}'
    (tmp_path / "mine.yaml").unlink()
    data.write_text('{"my": "work"}\n')
    with pytest.raises(UsageError, match=r"mine-ids\.jsonl: exists"):
        drafted()
    assert data.read_text() == '{"my": "work"}\n'
    assert not (tmp_path / "mine.yaml").exists()
    drafted(force=True)
    assert "get-a-one" in data.read_text()


def test_figures_that_are_given_go_before_those_recorded(tmp_path: Path) -> None:
    recording = tmp_path / "recording"
    recording.write_text(dict(SAMPLES)["access-log"])
    path = draft(
        "mine", kind="load", source="access-log", recording=recording, rate="50/s",
        concurrency="70", known_from="the bill", folder=tmp_path,
    ).path  # fmt: skip
    text = path.read_text()
    assert "rate: 50/s " in text
    assert "concurrency: 70 " in text
    assert 'source: "the bill; access log recording' in text
    assert "as recorded" not in text
    assert "{name: peak, rate: 50/s" in text


def test_a_description_whose_keys_are_sorted_is_known_all_the_same(tmp_path: Path) -> None:
    recording = tmp_path / "recording"
    filling = "".join(f"  s{number}: {{type: string}}\n" for number in range(5_000))
    recording.write_text(f"components:\n{filling}openapi: 3.1.0\n")
    with pytest.raises(UsageError, match="it looks like a description of OpenAPI"):
        draft("mine", kind="load", source="har", recording=recording, folder=tmp_path)
