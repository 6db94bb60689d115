"""Seals in a runbook's front matter: what is sealed, and that nothing else in the page changes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfstress import frontmatter, sealing
from perfstress.phases import Seal

ONE = Seal("rush", "0" * 39 + "1", "12345e" + "6" * 34, "2026-11-20T17:00:00Z")
TWO = Seal("slow", "a" * 40, "b" * 40, "2026-11-21T17:00:00Z")
LINE = (
    f'- {{example: rush, blob: "{ONE.blob}", commit: "{ONE.commit}", at: 2026-11-20T17:00:00Z}}\n'
)
BODY = "# Phase: till\n\n---\nsealed: not here\n---\n"


def page(front: str) -> str:
    return f"---\nphase: till  # the shop's\nexamples: [rush, slow]\n{front}---\n{BODY}"


def sealed(text: str) -> list[dict[str, str]]:
    front, problems = frontmatter.read(text.replace("\r\n", "\n").lstrip("\ufeff"), "")
    assert problems == []
    assert front is not None
    return list(front.document["sealed"])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", f"sealed:\n  {LINE}"),
        ("# by hand\n", f"# by hand\nsealed:\n  {LINE}"),
        ("sealed: []\n", f"sealed:\n  {LINE}"),
        ("sealed: []  # none yet\nweakened: []\n", f"sealed:  # none yet\n  {LINE}weakened: []\n"),
        ("sealed:\nweakened: []\n", f"sealed:\n  {LINE}weakened: []\n"),
    ],
)
def test_the_first_seal(before: str, after: str) -> None:
    assert sealing.added(page(before), [ONE]) == page(after)


@pytest.mark.parametrize("indent", ["", "  ", "    "])
@pytest.mark.parametrize("behind", ["", "weakened: []\n", "# the end\n"])
def test_a_seal_more_stands_below_the_others(indent: str, behind: str) -> None:
    old = f'{indent}- {{example: slow, blob: "{TWO.blob}", commit: "{TWO.commit}", at: now}} # x\n'
    seen = sealing.added(page(f"sealed:\n{old}{behind}"), [ONE])
    assert seen == page(f"sealed:\n{old}{indent}{LINE}{behind}")


def test_a_seal_more_below_one_that_is_written_over_several_lines() -> None:
    old = "sealed:\n- example: slow\n  blob: b\n  commit: c\n  at: now\n"
    assert sealing.added(page(old + "weakened: []\n"), [ONE]) == page(f"{old}{LINE}weakened: []\n")


def test_a_list_on_one_line_is_left_alone() -> None:
    assert sealing.added(page("sealed: [{example: slow}]\n"), [ONE]) is None
    assert sealing.added(page("sealed: [\n  {example: slow},\n]\n"), [ONE]) is None


def test_line_ends_and_the_mark_at_the_beginning_stay() -> None:
    text = "\ufeff" + page("# by hand\n").replace("\n", "\r\n")
    seen = sealing.added(text, [ONE])
    assert seen is not None
    assert seen.startswith("\ufeff---\r\n")
    assert "\n" not in seen.replace("\r\n", "")
    assert sealed(seen)[0]["example"] == "rush"


COMMENTS = st.lists(
    st.sampled_from(["", "# a: b\n", "  # {\n", "weakened: []\n", "x: |\n  sealed: [\n"]),
    max_size=3,
    unique=True,
).map("".join)
SEALS = st.builds(
    Seal,
    st.from_regex(r"[a-z0-9][a-z0-9-]{0,9}", fullmatch=True) | st.sampled_from(["null", "1e3"]),
    st.text("0123456789abcdef", min_size=40, max_size=40),
    st.text("0123456789e", min_size=40, max_size=40),
    st.just("2026-11-20T17:00:00Z"),
)


@settings(deadline=None, max_examples=40)
@given(COMMENTS, COMMENTS, st.lists(SEALS, min_size=1, max_size=4, unique=True))
def test_seals_come_back_as_they_were_made_and_the_rest_stays(
    before: str, after: str, seals: list[Seal]
) -> None:
    if before and set(before) & set("wx") and set(after) & set("wx"):
        after = ""  # a key may stand once
    text = page(before + "sealed: []\n" + after)
    for each in seals:
        changed = sealing.added(text, [each])
        assert changed is not None
        kept = [line for line in text.splitlines() if "sealed: []" not in line]
        assert [line for line in changed.splitlines() if line in kept] == kept
        text = changed
    assert [(s["example"], s["blob"], s["commit"]) for s in sealed(text)] == [
        (s.example, s.blob, s.commit) for s in seals
    ]
